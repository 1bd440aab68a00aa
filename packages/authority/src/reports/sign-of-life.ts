import type { Clock } from "@interlock/bot";

/** How long after its last report a bot counts as gone, in milliseconds. Bots report at least once a minute. */
const goneMs = 3 * 60_000;

/** Tells the bots that are there from those that are gone, by the time of their last report. */
export interface SignOfLife {
  /** Reports from before this time do not count, in milliseconds since the epoch. */
  since(): number;
}

/**
 * Creates the rule of one authority. In its first three minutes every report counts: while it was away, no bot could
 * report.
 */
export function createSignOfLife(clock: Clock): SignOfLife {
  const startedAt = clock.now();
  return {
    since() {
      const now = clock.now();
      return now - startedAt < goneMs ? 0 : now - goneMs;
    },
  };
}
