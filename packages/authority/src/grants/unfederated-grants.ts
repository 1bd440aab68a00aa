import type { FederatedDomain } from "@interlock/bot/internal";
import { isFederatedName } from "@interlock/policy";
import { readGrants } from "./read-grants.js";

/**
 * Finds the grants of a file that have no effect: for bots of a trust domain that is not federated, or at a service that the relation
 * does not name. They are not refused, because a domain that is revoked would hold up every other change of the grants.
 *
 * @returns A line for each domain, or for each service of one; 100 at most.
 */
export function unfederatedGrants(yaml: string, federated: readonly FederatedDomain[] = []): string[] {
  const lines = readGrants(yaml).flatMap(({ identity, service }) => {
    if (!isFederatedName(identity)) return [];
    const [, , trustDomain = ""] = identity.split("/");
    const domain = federated.find((one) => one.trustDomain === trustDomain);
    if (!domain) {
      return [
        `"${trustDomain}" is not federated, so its grants have no effect: run "interlock federation add ${trustDomain}".`,
      ];
    }
    if (domain.services.includes(service)) return [];
    return [`The federation with "${trustDomain}" does not name ${service}, so its grants there have no effect.`];
  });
  return [...new Set(lines)].slice(0, 100);
}
