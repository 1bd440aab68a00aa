import { isFederatedName } from "@interlock/policy";
import type { Reason } from "../base/reason.js";
import type { Trust } from "../trust/trust.js";
import { isSameKey } from "./token-rules.js";
import type { VerifiedToken } from "./verify-token.js";

/**
 * Whether a token of a bot of a federated trust domain is of before the domain was added, for example because it had been revoked,
 * or for a service that the relation does not name any more.
 */
function outlivesFederation({ name, subject, issuedAt, audiences }: VerifiedToken, trust: Trust): boolean {
  if (!isFederatedName(name)) return false;
  const domain = trust.federatedDomain(subject.uri);
  // The times of tokens are in whole seconds.
  if (!domain || issuedAt < Math.floor(domain.since / 1_000) * 1_000) return true;
  return ![...audiences].every((service) => domain.services.includes(service));
}

/** The reason why a token that was verified earlier is not valid any more, or `undefined`. Look-ups only. */
export function tokenFault(token: VerifiedToken, trust: Trust, now: number): Reason | undefined {
  if (now >= token.expiresAt) return "TOKEN_EXPIRED";
  if ([token.jti, ...token.ancestors].some((jti) => trust.tokenRevoked(jti))) return "TOKEN_REVOKED";
  // The peer of the connection is looked up there; the other bots are only in the token.
  if ([token.subject, ...token.actors].some((id) => trust.identityRevoked(id))) return "IDENTITY_REVOKED";
  if (trust.tokenOutdated(token)) return "TOKEN_OUTDATED";
  if (outlivesFederation(token, trust)) return "TOKEN_OUTDATED";
  // There are two or three keys: a search costs less than an index.
  if (!trust.state.jwks.keys.some((key) => isSameKey(key, token.key))) return "TOKEN_KEY_UNKNOWN";
  return undefined;
}
