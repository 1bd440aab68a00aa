import type { RevocationRow } from "../store/schema.js";

/** How long it is still told that the lock on something that has expired was unrevoked, to bots that have been away, in milliseconds. */
export const toldMs = 24 * 3_600_000;

/** Whether a lock was unrevoked so long ago that nobody need be told: what it was for has expired by itself. */
export function isForgotten({ expiresAt, unrevokedAt }: RevocationRow, now: number): boolean {
  return expiresAt !== null && unrevokedAt !== null && unrevokedAt < now - toldMs;
}
