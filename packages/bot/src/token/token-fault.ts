import type { Reason } from "../reason.js";
import type { Trust } from "../trust/trust.js";
import type { VerifiedToken } from "./verify-token.js";

/**
 * Why a token that was verified earlier is good no longer, or `undefined`. Look-ups only: it stands in the path of
 * every call.
 */
export function tokenFault(token: VerifiedToken, trust: Trust, now: number): Reason | undefined {
  if (now >= token.expiresAt) return "TOKEN_EXPIRED";
  if (trust.tokenRevoked(token.jti)) return "TOKEN_REVOKED";
  if (trust.tokenOutdated(token)) return "TOKEN_OUTDATED";
  // Two keys or three: a search costs less than an index.
  if (!trust.state.jwks.keys.some(({ kid }) => kid === token.keyId)) return "TOKEN_KEY_UNKNOWN";
  return undefined;
}
