import { isIP, isIPv6 } from "node:net";
import { InterlockError } from "@interlock/bot";
import { isLoopback } from "@interlock/bot/internal";

/** The environment variable that holds the address of a Workload API (SPIFFE Workload Endpoint, section 4). */
const endpointVariable = "SPIFFE_ENDPOINT_SOCKET";

/** The address of a Workload API. */
export interface Endpoint {
  /** As it was given: `unix:///run/spire/agent.sock`. */
  readonly uri: string;
  /** The same as grpc-js names it. */
  readonly target: string;
}

/**
 * Reads the address of a Workload API: `unix:///absolute/path`, or `tcp://ip:port`.
 *
 * @param given - The address. Default: that of `SPIFFE_ENDPOINT_SOCKET`.
 * @throws InterlockError `FAILED_PRECONDITION` when there is none, `INVALID_ARGUMENT` for one of another form.
 */
export function readEndpoint(given: string | undefined, env: NodeJS.ProcessEnv = process.env): Endpoint {
  const uri = given ?? env[endpointVariable];
  if (uri === undefined || uri === "") {
    const remedy = `pass it as endpoint, or in ${endpointVariable}, such as unix:///run/spire/agent.sock`;
    throw new InterlockError("FAILED_PRECONDITION", `The address of the SPIFFE Workload API is not known: ${remedy}.`);
  }
  const target = unixTarget(uri) ?? tcpTarget(uri);
  if (target !== undefined) return { uri, target };
  const where = given === undefined ? endpointVariable : "endpoint";
  const forms = "write unix:///absolute/path or tcp://ip:port, and nothing after it";
  throw new InterlockError(
    "INVALID_ARGUMENT",
    `${where} is ${JSON.stringify(uri)}, which is no Workload API: ${forms}.`,
  );
}

/** Whether an address leads to another machine. Nothing is encrypted on the way. */
export function leavesMachine({ uri }: Endpoint): boolean {
  const host = /^tcp:\/\/(.*):[0-9]+$/.exec(uri)?.[1]?.replace(/^\[|\]$/g, "");
  if (host === undefined) return false;
  return !isLoopback(host) && !/^(169\.254\.|fe[89ab])/i.test(host);
}

function unixTarget(uri: string): string | undefined {
  // "unix:/path" has no authority either (RFC 3986, section 3). Neither query, fragment nor escapes belong here.
  const path = /^unix:(?:\/\/)?(\/[^/\0?#%][^\0?#%]*)$/.exec(uri)?.[1];
  return path === undefined ? undefined : `unix:${path}`;
}

function tcpTarget(uri: string): string | undefined {
  const [, host = "", digits = ""] = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[0-9.]+):([0-9]{1,5})$/.exec(uri) ?? [];
  const address = host.replace(/^\[|\]$/g, "");
  const port = Number(digits);
  if (!isIP(address) || isIPv6(address) !== host.startsWith("[") || port < 1 || port > 65_535) return undefined;
  return isIPv6(address) ? `ipv6:[${address}]:${port}` : `ipv4:${address}:${port}`;
}
