import { InterlockError } from "@interlock/bot";
import { maximumFederatedNames } from "@interlock/bot/internal";
import { isFederatedPattern, isServiceName, isTrustDomain } from "@interlock/policy";
import { isOwnService } from "../own-services.js";

/** What an operator asks to be believed of another trust domain. */
export interface Relation {
  readonly trustDomain: string;
  /** The full names of the services that its bots may call. */
  readonly services: readonly string[];
  /** Identity patterns with the domain. */
  readonly identities: readonly string[];
}

/**
 * Checks a relation, and leaves out what stands twice. The services of the authority itself cannot be named: of it, bots of another
 * trust domain get tokens, and nothing else.
 *
 * @throws InterlockError `INVALID_ARGUMENT` that says what to write instead.
 */
export function checkRelation({ trustDomain, ...given }: Relation, own: string): Relation {
  const services = [...new Set(given.services)];
  const identities = [...new Set(given.identities)];
  if (!isTrustDomain(trustDomain)) {
    throw invalid(
      'That is not a trust domain: write it in lower case, without "spiffe://", for example partner.example.',
    );
  }
  if (trustDomain === own)
    throw invalid(`"${own}" is the trust domain of this fleet: it cannot be federated with itself.`);
  if (Math.max(services.length, identities.length) > maximumFederatedNames) {
    throw invalid(
      `A relation has at most ${maximumFederatedNames} services and ${maximumFederatedNames} identity patterns.`,
    );
  }
  const wrongService = services.find((service) => !isServiceName(service));
  if (wrongService !== undefined)
    throw invalid("A service is malformed: give its full name, for example orders.v1.OrderService.");
  const ofAuthority = services.find(isOwnService);
  if (ofAuthority !== undefined)
    throw invalid(`${ofAuthority} is the authority's own: bots of another trust domain cannot call it.`);
  if (identities.length === 0) {
    throw invalid(`Say which of its bots are believed: identity patterns such as "spiffe://${trustDomain}/orders/*".`);
  }
  const strange = identities.findIndex((pattern) => !isFederatedPattern(pattern, trustDomain));
  if (strange >= 0) {
    throw invalid(
      `Identity pattern ${strange + 1} is not of that trust domain: write it as "spiffe://${trustDomain}/orders/*".`,
    );
  }
  return { trustDomain, services, identities };
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
