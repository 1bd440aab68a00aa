import type { TrustState } from "@interlock/bot";
import type { RevocationRow } from "../store/schema.js";

/** One update of a bot's trust. */
export interface TrustUpdate {
  /** The version that it changes; 0 for a complete update. */
  readonly appliesTo: bigint;
  /** The trust after the update, with only the new revocations; with all of them in a complete update. */
  readonly state: TrustState;
  /** The revocations that have ended. */
  readonly unrevoked: readonly RevocationRow[];
  /** Whether the retired methods may differ from what the bot has. */
  readonly retiredChanged: boolean;
}

/**
 * The maximum number of revocations, new and ended, in one update, so that it fits in a message. The next one has more.
 */
export const maximumRevocations = 5_000;

/**
 * Returns the update for a bot that has version `from`; a complete one for 0. `revocations` are all on record, ended
 * ones included, in the order of their versions. If they do not fit, the update leads to the version of the last one
 * that does.
 * `retiredVersion` is the version in which the retired methods changed last.
 */
export function updateSince(
  from: bigint,
  trust: TrustState,
  revocations: readonly RevocationRow[],
  retiredVersion: bigint,
): TrustUpdate {
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
    retiredChanged: from === 0n || from < retiredVersion,
    unrevoked: batch.filter((row) => row.unrevokedAt !== null),
  };
}

// Searched from the end: a watching bot lacks only the latest few.
function firstAfter(revocations: readonly RevocationRow[], version: bigint): number {
  const index = revocations.findLastIndex((revocation) => BigInt(revocation.trustVersion) <= version);
  return index + 1;
}
