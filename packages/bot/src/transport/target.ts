import { isIP } from "node:net";

/** Where a connection goes: a port of a host, or a socket of this machine. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** What a client calls: the addresses that its name stands for are looked up anew for each connection. */
export interface Target {
  /** As it was given. */
  readonly text: string;
  /** The value of `:authority`, and the name that a server is told in the handshake, unless there is another. */
  readonly authority: string;
  readonly host: string;
  /** The endpoints that are written in the target; none where they have to be looked up. */
  readonly endpoints: readonly Endpoint[];
  /** What is looked up, where it has to be. */
  readonly name: { readonly host: string; readonly port: number } | undefined;
}

/** The port of a target that names none, as in gRPC. */
const defaultPort = 443;

/**
 * Reads a target as gRPC writes it (grpc/doc/naming.md): `host:port`, `dns:host:port`, `dns:///host:port`, `ipv4:1.2.3.4:5,…`,
 * `ipv6:[::1]:5,…`, `unix:path`, `unix:///path`.
 *
 * @throws A `TypeError` for one that cannot be read.
 */
export function readTarget(text: string): Target {
  const unix = /^unix:(?:\/\/[^/]*(?=\/))?(.+)$/.exec(text);
  if (unix)
    return { text, authority: "localhost", host: "localhost", endpoints: [{ path: unix[1] ?? "" }], name: undefined };
  const literal = /^ipv([46]):(?:\/\/\/)?(.+)$/.exec(text);
  if (literal) return ofAddresses(text, literal[2] ?? "", Number(literal[1]));
  const name = text.replace(/^dns:(?:\/\/[^/]*\/)?/, "");
  const { host, port } = readHostPort(text, name);
  const authority = name;
  if (isIP(host)) return { text, authority, host, endpoints: [{ host, port }], name: undefined };
  return { text, authority, host, endpoints: [], name: { host, port } };
}

function ofAddresses(text: string, list: string, family: number): Target {
  const endpoints = list.split(",").map((address) => readHostPort(text, address.trim()));
  for (const { host } of endpoints) if (isIP(host) !== family) throw unreadable(text);
  return {
    text,
    authority: list.split(",", 1)[0] as string,
    host: endpoints[0]?.host ?? "",
    endpoints,
    name: undefined,
  };
}

function readHostPort(text: string, address: string): { host: string; port: number } {
  const [, inBrackets, plain, digits] = /^(?:\[([^[\]]+)\]|([^[\]:/]+))(?::(\d{1,5}))?$/.exec(address) ?? [];
  const host = inBrackets ?? plain ?? (isIP(address) === 6 ? address : undefined);
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === undefined || port > 65_535 || (inBrackets !== undefined && isIP(host) !== 6)) throw unreadable(text);
  return { host, port };
}

function unreadable(text: string): TypeError {
  return new TypeError(`Could not parse target name ${JSON.stringify(text.slice(0, 80))}`);
}
