import type { RevocationRow } from "../store/schema.js";

/**
 * How long bots that were offline are still told that the revocation of an expired subject has ended, in milliseconds.
 */
export const toldMs = 24 * 3_600_000;

/** Whether a revocation of an expired subject ended so long ago that no bot has to be told. */
export function isForgotten({ expiresAt, unrevokedAt }: RevocationRow, now: number): boolean {
  return expiresAt !== null && unrevokedAt !== null && unrevokedAt < now - toldMs;
}
