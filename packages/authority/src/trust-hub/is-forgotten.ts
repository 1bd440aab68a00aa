import type { RevocationRow } from "../store/schema.js";

/** How long it is still told that a token is let in again, to bots that have been away, in milliseconds. */
export const toldMs = 24 * 3_600_000;

/** Whether a lock on a token was lifted so long ago that nobody need be told: the token has run out by itself. */
export function isForgotten({ kind, liftedAt }: RevocationRow, now: number): boolean {
  return kind === "token" && liftedAt !== null && liftedAt < now - toldMs;
}
