import { parseSpiffeId } from "@interlock/policy";
import type { ScannedPort } from "../inputs/scan.js";

/**
 * Whether a port can be of a bot that reports its address. It cannot where its certificate names another identity, or one that no
 * CA of the fleet has signed: any bot can report any address, and must not make the port of another look known.
 */
export function mayBeOf({ tls }: Pick<ScannedPort, "tls">, bot: string, trustDomain: string): boolean {
  const { spiffeId, isOfFleet } = tls?.certificate ?? {};
  if (spiffeId === undefined) return true;
  const id = parseSpiffeId(spiffeId);
  return isOfFleet !== false && id?.name === bot && id.trustDomain === trustDomain;
}
