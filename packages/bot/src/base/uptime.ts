import { uptime as systemUptime } from "node:os";

/** Where {@link createUptime} reads the time. */
export interface UptimeSources {
  /** Milliseconds of a clock that nobody sets; it may stand still while the machine sleeps. */
  readonly steady: () => number;
  /** Milliseconds since the machine was started, its sleep included; coarse. */
  readonly sinceBoot: () => number;
}

const machine: UptimeSources = { steady: () => performance.now(), sinceBoot: () => systemUptime() * 1_000 };

/** How often the two clocks are compared, in milliseconds: to ask the operating system takes longer than all the rest. */
const compareEveryMs = 100;
/** A smaller difference between the two is coarseness, in milliseconds. */
const sleepAtLeastMs = 1_500;

/**
 * Creates a function that gives the monotonic time of the machine, in milliseconds. It goes on evenly when the time is set,
 * and, unlike `performance.now()`, it counts the time for which the machine slept: what had to happen within that time is
 * overdue when it wakes up.
 */
export function createUptime({ steady, sinceBoot }: UptimeSources = machine): () => number {
  let comparedAt = steady();
  let ahead = bootAhead(0);
  let slept = 0;

  function bootAhead(otherwise: number): number {
    try {
      return sinceBoot() - steady();
    } catch {
      return otherwise; // A system that does not say since when it runs.
    }
  }

  return function uptime() {
    const now = steady();
    if (now - comparedAt >= compareEveryMs) {
      comparedAt = now;
      const later = bootAhead(ahead);
      if (later - ahead >= sleepAtLeastMs) {
        slept += later - ahead;
        ahead = later;
      }
    }
    return now + slept;
  };
}
