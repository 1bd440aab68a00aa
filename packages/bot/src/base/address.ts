import { isIP, isIPv6 } from "node:net";
import { InterlockError } from "./error.js";

/** A host and a port that a bot can dial. */
export interface Address {
  /** A host name or an IP address; an IPv6 address without brackets and without a zone. */
  readonly host: string;
  /** From 1 to 65,535. */
  readonly port: number;
}

/** The hosts that stand for every interface: a server can listen there, and nothing can dial them. */
const everyInterface: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Whether `host` stands for every interface of the machine. */
export function isEveryInterface(host: string): boolean {
  return everyInterface.has(host);
}

/** Whether `host` is reached from the same machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (host.startsWith("127.") && isIP(host) === 4);
}

/** Writes an address as `host:port`, an IPv6 address in brackets. */
export function formatAddress({ host, port }: Address): string {
  return `${bracketed(host)}:${port}`;
}

/** Writes a host as it stands before a port: an IPv6 address in brackets. */
export function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/**
 * Reads `host:port`: a host name, an IPv4 address, or an IPv6 address in brackets. A zone (RFC 4007) says nothing about an
 * address that is not link-local, and is dropped; a link-local address means something on one machine only, and is refused.
 *
 * @throws InterlockError `INVALID_ARGUMENT` that says what is wrong and how to write it.
 *
 * @example
 * ```ts
 * readAddress("[2001:db8::7]:50051"); // { host: "2001:db8::7", port: 50051 }
 * ```
 */
export function readAddress(text: string): Address {
  const [, inBrackets, plain, digits] = /^(?:\[([^[\]]*)\]|([^[\]:]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = readHost(inBrackets ?? plain ?? "");
  if (host === undefined || (inBrackets !== undefined && !isIPv6(host))) throw invalid(text, problemOf(text));
  if (port < 1 || port > 65_535) throw invalid(text, "a port is 1 to 65535");
  return { host, port };
}

/**
 * Reads the address at which others reach a server that listens on `port`: `host` or `host:port`. An IPv6 address may
 * stand alone or in brackets.
 *
 * @throws InterlockError `INVALID_ARGUMENT` that says what is wrong; also for a host that stands for every interface.
 */
export function readAdvertised(text: string, port: number): Address {
  const alone = readHost(text.replace(/^\[(.*)\]$/, "$1"));
  const address = alone === undefined ? readAddress(text) : { host: alone, port };
  if (!isEveryInterface(address.host)) return address;
  throw invalid(text, "it stands for every interface, and nothing can dial it: write one address of this machine");
}

/**
 * Reads the interface for a server to listen on: a host name, an IPv4 address, or an IPv6 address alone or in brackets. The
 * zone stays only where it is needed, with a link-local address.
 *
 * @throws InterlockError `INVALID_ARGUMENT` that says what is wrong and how to write it.
 */
export function readInterface(text: string): string {
  const alone = text.replace(/^\[(.*)\]$/, "$1");
  if (isIPv6(alone) && isLinkLocal(alone)) return alone;
  const host = readHost(alone);
  if (host !== undefined && (alone === text || isIPv6(alone))) return host;
  const shown = text.length > shownAtMost ? `${text.slice(0, shownAtMost)}…` : text;
  const [, inUrl] = /^[a-z][a-z0-9+.-]*:\/\/(\[[^\]]*\]|[^/?#:]*)/i.exec(text) ?? [];
  const [, before] = /^(\[[^\]]*\]|[^:]*):\d+$/.exec(text) ?? [];
  const remedy = inUrl !== undefined ? "it is a URL" : before !== undefined ? "the port is given apart from it" : "";
  const example = readHost((inUrl ?? before ?? "").replace(/^\[(.*)\]$/, "$1")) ?? "0.0.0.0";
  throw new InterlockError(
    "INVALID_ARGUMENT",
    `${JSON.stringify(shown)} is no host to listen on${remedy && `: ${remedy}`}: write one address of this machine, for example ${example}.`,
  );
}

/**
 * Checks a port to listen on: 0 to 65,535. Node takes any other text for the path of a socket.
 *
 * @throws InterlockError `INVALID_ARGUMENT`.
 */
export function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  const shown = JSON.stringify(port)?.slice(0, shownAtMost);
  throw new InterlockError("INVALID_ARGUMENT", `${shown} is no port to listen on: give a number from 0 to 65535.`);
}

/**
 * Checks the address of a client: `host:port`, or a DNS name as gRPC writes it, `dns:///host:port`.
 *
 * @returns The address as grpc-js takes it.
 * @throws InterlockError `INVALID_ARGUMENT` that says what is wrong and how to write it.
 */
export function checkTarget(text: string): string {
  if (typeof text !== "string") throw invalid(String(text), "it is no text: write host:port");
  const [, server, name] = /^dns:(?:\/\/([^/]*)\/)?(.*)$/.exec(text) ?? [];
  if (server) throw invalid(text, "a DNS server cannot be chosen: write dns:///host:port");
  const address = formatAddress(readAddress(name ?? text));
  return name === undefined ? address : `dns:///${address}`;
}

/** Returns a host that can be dialed as it stands; `undefined` for any other text. */
function readHost(text: string): string | undefined {
  if (isIPv6(text)) return isLinkLocal(text) ? undefined : text.replace(/%.*$/, "");
  return text.length <= 253 && hostForm.test(text) ? text : undefined;
}

/** Whether an address is valid on one link only (RFC 3927, RFC 4291): the same one may be another machine elsewhere. */
export function isLinkLocal(host: string): boolean {
  return host.startsWith("169.254.") || /^fe[89ab][0-9a-f]:/i.test(host);
}

const hostForm = /^(?!-)[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*\.?$/;

/** The longest part of a wrong address that an error shows, in characters. */
const shownAtMost = 80;

function problemOf(text: string): string {
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(text);
  if (url) return `a URL is not an address: write only host and port, ${example(url[2] ?? "")}`;
  if (/^unix(-abstract)?:/.test(text)) return "bots listen on TCP only: write host:port";
  if (/^\[?fe[89ab][0-9a-f]:/i.test(text)) {
    return "a link-local address means something on one machine only: write a global address or a DNS name";
  }
  if (isIPv6(text)) return `an IPv6 address needs brackets and a port: ${example(`[${text}]`)}`;
  if (readHost(text.replace(/:$/, "")) !== undefined) return `it has no port: ${example(text.replace(/:$/, ""))}`;
  if (/^\[[^\]]*\]$/.test(text)) return `it has no port: ${example(text)}`;
  return "write host:port, for example arm.local:50051";
}

function example(text: string): string {
  const known = /:\d{1,5}$/.test(text) && !isIPv6(text);
  return `for example ${(text || "arm.local").slice(0, shownAtMost)}${known ? "" : ":50051"}`;
}

function invalid(text: string, problem: string): InterlockError {
  const shown = text.length > shownAtMost ? `${text.slice(0, shownAtMost)}…` : text;
  return new InterlockError("INVALID_ARGUMENT", `${JSON.stringify(shown)} is not an address to dial: ${problem}.`);
}
