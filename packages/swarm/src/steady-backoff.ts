import type { Clock } from "@interlock/bot";
import { type BackoffOptions, createBackoff, monotonicOf } from "@interlock/bot/internal";

/** The delays between connections that break again and again. */
export interface SteadyBackoff {
  /** Notes that a connection has opened. */
  opened(): void;
  /** The delay before the next attempt, now that a connection has ended or has not come about, in milliseconds. */
  next(): number;
}

/** How long a connection has to hold before the delays begin anew, in milliseconds. */
export const steadyMs = 5_000;

/**
 * Creates a backoff that does not forget: a connection that opens and breaks at once has not succeeded, so the delay after it
 * is longer than the one before. Only one that held for {@link steadyMs} starts the delays anew.
 */
export function createSteadyBackoff(clock: Clock, options: BackoffOptions): SteadyBackoff {
  const backoff = createBackoff(options);
  const steady = monotonicOf(clock);
  let openedAt: number | undefined;
  return {
    opened() {
      openedAt ??= steady.now();
    },
    next() {
      if (openedAt !== undefined && steady.now() - openedAt >= steadyMs) backoff.reset();
      openedAt = undefined;
      return backoff.next();
    },
  };
}
