import {
  bracketed,
  formatAddress,
  isEveryInterface,
  isLinkLocal,
  isLoopback,
  readAdvertised,
  readInterface,
} from "../base/address.js";
import { InterlockError } from "../base/error.js";
import { type OwnAddress, ownAddresses } from "../base/own-addresses.js";

/** How {@link reachableHost} finds an address of this machine. */
export interface ReachableHostOptions {
  /** The addresses of this machine that others may reach. Default: those of its interfaces. */
  readonly own?: readonly OwnAddress[];
  /** The address of this machine on the way to the rest of the fleet, if that is known. */
  towardsFleet?: (() => Promise<string | undefined>) | undefined;
}

/** How a server listens, and what its user says about how others reach it. */
export interface ReachableAddressOptions extends ReachableHostOptions {
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string | undefined;
  /** `host` or `host:port` at which others reach the server. Default: see {@link reachableHost}. */
  readonly advertise?: string | undefined;
}

/**
 * Works out at which `host:port` others will reach a server, before it listens. Resolves with a function of the port on
 * which it listens then. Rejects as {@link reachableHost} does, and with `INVALID_ARGUMENT` for a wrong `advertise`.
 */
export async function createReachableAddress({
  host = "127.0.0.1",
  advertise,
  ...options
}: ReachableAddressOptions): Promise<(port: number) => string> {
  if (advertise !== undefined) {
    readAdvertised(advertise, 1); // Refused now, and not once the server listens.
    return (port) => formatAddress(readAdvertised(advertise, port));
  }
  const reachable = bracketed(await reachableHost(readInterface(host), options));
  return (port) => `${reachable}:${port}`;
}

/**
 * The host at which others reach a server that listens on `host`. A server on one interface is reached there. A server on
 * every interface is reached at the only address of this machine; of several, at the one on the way to the fleet; without
 * any, on this machine only.
 *
 * @throws InterlockError `FAILED_PRECONDITION` when there are several addresses, and nothing tells which one others reach.
 */
export async function reachableHost(host: string, options: ReachableHostOptions = {}): Promise<string> {
  if (isLinkLocal(host)) {
    const problem = `The server listens on ${host}, which means something on one machine only`;
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: say at which address others reach it (advertise).`);
  }
  if (!isEveryInterface(host)) return host;
  const isV6 = host === "::";
  const { own = ownAddresses(isV6 ? "any" : "IPv4"), towardsFleet } = options;
  if (own.length === 0) return isV6 ? "::1" : "127.0.0.1";
  if (own.length === 1) return own[0]?.host as string;
  const towards = await towardsFleet?.();
  if (towards !== undefined && !isLoopback(towards) && (isV6 || !towards.includes(":"))) return towards;
  const list = own.map((one) => `${one.host} (${one.interface})`).join(", ");
  const problem = `The server listens on every interface, and this machine has several addresses: ${list}`;
  const remedy = `Say which one others reach, for example advertise: "${own[0]?.host}"`;
  throw new InterlockError("FAILED_PRECONDITION", `${problem}. ${remedy}.`);
}
