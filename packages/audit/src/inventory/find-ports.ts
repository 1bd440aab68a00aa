import { parseSpiffeId } from "@interlock/policy";
import { groupBy } from "../group-by.js";
import type { Scan, ScannedPort } from "../inputs/scan.js";

/**
 * Finds the scanned port of an address that a bot reports. Another name of the host is the same port when both are of this
 * machine, or when the port shows the bot's certificate.
 */
export function createPortFinder(
  scan: Scan | undefined,
  trustDomain: string,
): (bot: string, address: string) => ScannedPort | undefined {
  const byNumber = groupBy(scan?.ports ?? [], ({ address }) => splitAddress(address).port);
  return (bot, address) => {
    const { host, port: number } = splitAddress(address);
    const candidates = byNumber.get(number) ?? [];
    return (
      candidates.find((port) => port.ip === host || splitAddress(port.address).host === host) ??
      candidates.find((port) => nameOf(port.tls?.certificate?.spiffeId, trustDomain) === bot) ??
      candidates.find((port) => isLoopback(host) && isLoopback(splitAddress(port.address).host))
    );
  };
}

/** The services that reflection shows to a stranger, or to a bot of the fleet. */
export function reflectedServices({ services, member }: ScannedPort): readonly string[] {
  return [...new Set([...services, ...(member?.services ?? [])])];
}

/** The name of a bot of the trust domain by its SPIFFE ID; undefined for another. */
export function nameOf(spiffeId: string | undefined, trustDomain: string): string | undefined {
  const id = spiffeId === undefined ? undefined : parseSpiffeId(spiffeId);
  return id?.trustDomain === trustDomain ? id.name : undefined;
}

function splitAddress(address: string): { readonly host: string; readonly port: string } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, ""), port: address.slice(colon + 1) };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
