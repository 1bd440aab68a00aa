import { parseSpiffeId } from "@interlock/policy";
import type { Fleet } from "../inputs/fleet.js";
import type { ScannedPort } from "../inputs/scan.js";

/** The name of the authority in every fleet. */
const authority = "interlock/authority";

/**
 * Whether a port is one of the authority's, which let strangers in to enroll and to fetch keys: it has proved so with a
 * certificate of the fleet's CA. Where the scan was given no CA, nothing is taken for it.
 */
export function isFleetsOwn(
  { tls, services, answersWithoutToken }: Pick<ScannedPort, "tls" | "services" | "answersWithoutToken">,
  fleet?: Pick<Fleet, "trustDomain">,
): boolean {
  const { spiffeId = "", isOfFleet } = tls?.certificate ?? {};
  const id = parseSpiffeId(spiffeId);
  const isAuthority = isOfFleet === true && id?.name === authority && (!fleet || id.trustDomain === fleet.trustDomain);
  // Even the authority must not take a foreign certificate, list its services to strangers, or answer without a token.
  return (
    isAuthority && tls?.acceptsForeignCertificate !== "yes" && services.length === 0 && answersWithoutToken !== "yes"
  );
}
