import { setTimeout as sleep } from "node:timers/promises";
import type { SharedLimiter } from "./shared-limiter.js";

/** Sweeps limiters for as long as they remember keys. */
export interface Sweeper {
  /** Sweeps a limiter until it remembers no key. Adding it again does nothing. */
  add(limiter: SharedLimiter): void;
  /** Stops, and gives back what all limiters have, for `maximumMs` at most. */
  close(maximumMs: number): Promise<void>;
}

/** Tokens that nobody asks for are given back after one to two of these. */
const everyMs = 1_000;

/** Makes a {@link Sweeper}. It does not keep the process alive. */
export function createSweeper(): Sweeper {
  const limiters = new Set<SharedLimiter>(); // Those with keys: one for each method and server, at the most.
  let timer: NodeJS.Timeout | undefined;

  async function sweep(): Promise<void> {
    for (const limiter of limiters) {
      await limiter.sweep();
      if (limiter.size === 0) limiters.delete(limiter);
    }
  }

  function sweepLater(): void {
    timer = setTimeout(async () => {
      await sweep();
      if (limiters.size > 0) sweepLater();
      else timer = undefined;
    }, everyMs).unref();
  }

  return {
    add(limiter) {
      limiters.add(limiter);
      if (!timer) sweepLater();
    },
    async close(maximumMs) {
      clearTimeout(timer);
      const swept = sweep().then(sweep); // What was used since the last time is forgotten at the second one.
      await Promise.race([swept, sleep(maximumMs, undefined, { ref: false })]);
    },
  };
}
