import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { InterlockError } from "@interlock/bot";
import { maximumAddresses, maximumAddressesOfName, maximumPairs, maximumTargets } from "./limits.js";
import { countPorts, joinRanges } from "./port-ranges.js";
import type { ScanHost, Target } from "./target.js";

/** How far a scan may reach. */
export interface ReachOptions {
  /** Whether addresses outside loopback and private ranges are allowed. Default: false. */
  readonly anywhere?: boolean | undefined;
  /** Resolves a name to all its addresses. Default: that of the system. */
  readonly resolve?: ((name: string) => Promise<readonly string[]>) | undefined;
  /** Whether this machine has IPv6. Default: whether one of its interfaces has. */
  readonly hasIPv6?: boolean | undefined;
}

/**
 * Resolves the names of targets, and refuses what a scan may not reach: an address outside loopback and the private ranges,
 * unless `anywhere` is set. A name is judged by every address of it. The same address is scanned once. IPv6 addresses of a
 * name are left out where this machine has no IPv6, since nothing can be dialed there.
 *
 * @returns The addresses to scan, in the order of the targets.
 * @throws InterlockError `PERMISSION_DENIED` for an address that is not allowed; `INVALID_ARGUMENT` for more than a scan may
 * hold; `NOT_FOUND` for a name without an address; `FAILED_PRECONDITION` for an IPv6 address without IPv6.
 */
export async function checkReach(targets: readonly Target[], options: ReachOptions = {}): Promise<ScanHost[]> {
  const { anywhere = false } = options;
  if (targets.length > maximumTargets) throw tooMuch(`${targets.length} targets`, `${maximumTargets}`);
  const found = new Map<string, ScanHost>();
  const resolved = new Map<string, readonly string[]>();
  for (const { hosts, ports } of targets) {
    for (const host of hosts) {
      const addresses = resolved.get(host) ?? (await addressesOf(host, options));
      resolved.set(host, addresses);
      for (const address of addresses) {
        if (!anywhere && !isPrivate(address)) throw outside(host, address);
        const known = found.get(address);
        found.set(
          address,
          known ? { ...known, ports: joinRanges([...known.ports, ...ports]) } : { host, address, ports },
        );
      }
      if (found.size > maximumAddresses) throw tooMuch("more addresses", `${maximumAddresses}`);
    }
  }
  const all = [...found.values()];
  const pairs = all.reduce((sum, { ports }) => sum + countPorts(ports), 0);
  if (pairs > maximumPairs) throw tooMuch(`${pairs} pairs of an address and a port`, `${maximumPairs}`);
  return all;
}

/** Whether an address is of loopback or of a private range: RFC 1918, RFC 4193, RFC 3927, RFC 4291. */
export function isPrivate(address: string): boolean {
  return privateRanges.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

const privateRanges = new BlockList();
for (const [net, bits, family] of [
  ["127.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
] as const)
  privateRanges.addSubnet(net, bits, family);

async function addressesOf(host: string, options: ReachOptions): Promise<readonly string[]> {
  const { resolve = resolveName, hasIPv6 = findIPv6() } = options;
  if (isIPv6(host) && !hasIPv6) {
    throw new InterlockError("FAILED_PRECONDITION", `${host} cannot be scanned from here: this machine has no IPv6.`);
  }
  if (isIP(host) !== 0) return [host];
  const addresses = [...new Set(await resolve(host).catch(() => []))].filter((each) => hasIPv6 || !isIPv6(each));
  if (addresses.length === 0) throw new InterlockError("NOT_FOUND", `The name ${host} has no address.`);
  if (addresses.length > maximumAddressesOfName) {
    throw tooMuch(`${addresses.length} addresses of ${host}`, `${maximumAddressesOfName} of a name`);
  }
  return addresses;
}

async function resolveName(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

function findIPv6(): boolean {
  return Object.values(networkInterfaces()).some((each) => each?.some(({ family }) => family === "IPv6"));
}

function outside(host: string, address: string): InterlockError {
  const named = host === address ? address : `${host} (${address})`;
  const message = `${named} is neither loopback nor in a private range. Scan only what is yours; to allow it, use --anywhere.`;
  return new InterlockError("PERMISSION_DENIED", message);
}

function tooMuch(what: string, most: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `A scan takes at most ${most}, not ${what}: scan in several parts.`);
}
