import type { TrustState } from "@interlock/bot";
import type { RevocationRow } from "../store/schema.js";

/** One update of a bot's trust. */
export interface TrustUpdate {
  /** The version it changes; 0 when it is complete. */
  readonly appliesTo: bigint;
  /** The trust afterwards, but with those revocations only that are new; all there are, when it is complete. */
  readonly state: TrustState;
  /** What is revoked no longer. */
  readonly unrevoked: readonly RevocationRow[];
}

/** How many revocations, added and restored, one update carries at most, so that it fits in a message; the rest come in the next. */
export const maximumRevocations = 5_000;

/**
 * The update for a bot that has version `from`; complete when that is 0. `revocations` are all there are, unrevoked ones
 * among them, in the order of their versions. Where they do not fit, the update leads to the version of the last that does.
 */
export function updateSince(from: bigint, trust: TrustState, revocations: readonly RevocationRow[]): TrustUpdate {
  const start = firstAfter(revocations, from);
  const batch = revocations.slice(start, start + maximumRevocations);
  const last = start + batch.length === revocations.length ? undefined : batch.at(-1);
  return {
    appliesTo: from,
    state: {
      ...trust,
      version: last ? BigInt(last.trustVersion) : trust.version,
      revocations: batch.filter((row) => row.unrevokedAt === null),
    },
    unrevoked: batch.filter((row) => row.unrevokedAt !== null),
  };
}

// Looked for from the end: a bot that watches lacks the latest few.
function firstAfter(revocations: readonly RevocationRow[], version: bigint): number {
  const index = revocations.findLastIndex((revocation) => BigInt(revocation.trustVersion) <= version);
  return index + 1;
}
