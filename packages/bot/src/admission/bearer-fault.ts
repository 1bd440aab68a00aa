import type { Reason } from "../base/reason.js";
import { tokenFault } from "../token/token-fault.js";
import type { Trust } from "../trust/trust.js";
import type { Bearer } from "./bearer.js";

/**
 * The reason why a token that was verified earlier is no longer good, or `undefined`. It runs on every call, so besides
 * its expiry, a token is compared with the trust only if the trust has changed since the last time.
 */
export function bearerFault(bearer: Bearer, trust: Trust, now: number): Reason | undefined {
  const { token, clearedBy } = bearer;
  if (clearedBy === trust.state) return now >= token.expiresAt ? "TOKEN_EXPIRED" : undefined;
  const fault = tokenFault(token, trust, now);
  if (!fault) bearer.clearedBy = trust.state;
  return fault;
}
