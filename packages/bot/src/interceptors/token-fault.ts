import type { Bearer } from "../bearer.js";
import type { Reason } from "../reason.js";
import type { Trust } from "../trust/trust.js";

/**
 * Why a token that was verified earlier is good no longer, or `undefined`. Look-ups only, and those only where the trust
 * has changed since the last time: it stands in the path of every call.
 */
export function tokenFault(bearer: Bearer, trust: Trust, now: number): Reason | undefined {
  const { token } = bearer;
  if (now >= token.expiresAt) return "TOKEN_EXPIRED";
  if (bearer.clearedBy === trust.state) return undefined;
  if (trust.tokenRevoked(token.jti)) return "TOKEN_REVOKED";
  if (trust.tokenOutdated(token)) return "TOKEN_OUTDATED";
  // Two keys or three: a search costs less than an index.
  if (!trust.state.jwks.keys.some(({ kid }) => kid === token.keyId)) return "TOKEN_KEY_UNKNOWN";
  bearer.clearedBy = trust.state;
  return undefined;
}
