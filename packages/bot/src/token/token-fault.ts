import type { Reason } from "../base/reason.js";
import type { Trust } from "../trust/trust.js";
import { isSameKey } from "./token-rules.js";
import type { VerifiedToken } from "./verify-token.js";

/** The reason why a token that was verified earlier is no longer good, or `undefined`. Look-ups only. */
export function tokenFault(token: VerifiedToken, trust: Trust, now: number): Reason | undefined {
  if (now >= token.expiresAt) return "TOKEN_EXPIRED";
  if ([token.jti, ...token.ancestors].some((jti) => trust.tokenRevoked(jti))) return "TOKEN_REVOKED";
  // The peer of the connection is looked up there; the other bots are only in the token.
  if ([token.subject, ...token.actors].some((id) => trust.identityRevoked(id))) return "IDENTITY_REVOKED";
  if (trust.tokenOutdated(token)) return "TOKEN_OUTDATED";
  // There are two or three keys: a search costs less than an index.
  if (!trust.state.jwks.keys.some((key) => isSameKey(key, token.key))) return "TOKEN_KEY_UNKNOWN";
  return undefined;
}
