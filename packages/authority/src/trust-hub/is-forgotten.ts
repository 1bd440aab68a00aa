import type { RevocationRow } from "../store/schema.js";

/**
 * How long an update still tells bots that were offline that the revocation of an expired subject has ended, in milliseconds.
 */
export const toldMs = 24 * 3_600_000;

/** Whether a revocation of an expired subject ended so long ago that no update has to contain it. */
export function isForgotten({ expiresAt, unrevokedAt }: RevocationRow, now: number): boolean {
  return expiresAt !== null && unrevokedAt !== null && unrevokedAt < now - toldMs;
}
