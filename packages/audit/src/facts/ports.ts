import type { Fleet } from "../inputs/fleet.js";
import type { AuditInputs } from "../inputs/inputs.js";
import type { ScannedPort } from "../inputs/scan.js";
import { isFleetsOwn } from "../scan/is-fleets-own.js";
import { mayBeOf } from "../scan/may-be-of.js";
import { onlineProcesses } from "./reported.js";

const loopback = new Set(["localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "[::]"]);

/** Splits `host:port`; a host in brackets keeps them. */
export function splitAddress(address: string): { host: string; port: string } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: address.slice(colon + 1) };
}

/** Whether two addresses are of the same port of one machine, as far as their texts tell. */
export function isSameAddress(one: string, other: string): boolean {
  const [a, b] = [splitAddress(one), splitAddress(other)];
  return a.port === b.port && (a.host === b.host || (loopback.has(a.host) && loopback.has(b.host)));
}

/** The ports of a scan that speak gRPC, or HTTP/2, which gRPC needs, and are not the authority's own. */
export function rpcPorts(inputs: AuditInputs): ScannedPort[] {
  return tlsPorts(inputs).filter(({ protocol }) => protocol !== "not known");
}

/** The {@link rpcPorts}, and those whose TLS lets the scan no further. */
export function tlsPorts({ scan, fleet }: AuditInputs): ScannedPort[] {
  return (scan?.ports ?? []).filter((port) => {
    const { protocol, tls } = port;
    const mayBeRpc = protocol === "grpc" || protocol === "http/2" || (protocol === "not known" && tls !== undefined);
    return mayBeRpc && !isFleetsOwn(port, fleet);
  });
}

/** The bot that has reported to serve at an address, as far as it can be told; `undefined` for none. */
export function reporterOf(fleet: Fleet, scanned: ScannedPort): string | undefined {
  const { address, tls } = scanned;
  const identity = tls?.certificate?.spiffeId;
  const { port } = splitAddress(address);
  const online = onlineProcesses(fleet);
  const byAddress = online.find(
    ({ bot, addresses }) =>
      addresses.some((known) => isSameAddress(known, address)) && mayBeOf(scanned, bot, fleet.trustDomain),
  );
  if (byAddress) return byAddress.bot;
  // The same bot at the same port, under another name of its machine.
  return online.find(
    ({ bot, addresses }) =>
      identity === `spiffe://${fleet.trustDomain}/${bot}` &&
      tls?.certificate?.isOfFleet !== false &&
      addresses.some((known) => splitAddress(known).port === port),
  )?.bot;
}

/** Finds a place in the project for a port: that of a service that it serves, by reflection or by the report of its bot. */
export function servicesAt({ fleet }: AuditInputs, port: ScannedPort): readonly string[] {
  if (port.services.length > 0) return port.services;
  const bot = fleet && reporterOf(fleet, port);
  return fleet?.processes.find((process) => process.bot === bot && process.online)?.services ?? [];
}
