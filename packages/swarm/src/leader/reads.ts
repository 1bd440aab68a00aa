import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "@interlock/bot";
import { createRateLimiter } from "@interlock/bot/internal";
import { quotaError } from "../swarm-error.js";

/** How much one caller may read. What goes beyond is refused with `QUOTA_EXCEEDED`, which names the bound. */
export interface ReadLimits {
  /** How many listings, and beginnings of watches, a caller may ask for a second, after a burst. Default: 50. */
  readonly perSecond: number;
  /** How many of them at once. Default: 200. */
  readonly burst: number;
  /** How many watches of the tasks a caller may have open, and as many of the emergency stop. Default: 16. */
  readonly watches: number;
}

/** The default of each bound in {@link ReadLimits}. */
export const defaultReadLimits: ReadLimits = { perSecond: 50, burst: 200, watches: 16 };

/** Readers, held apart so that nothing urgent waits for them. */
export interface Reads {
  /** Takes one from the caller's rate; throws `QUOTA_EXCEEDED` when there is none. */
  take(caller: string): void;
  /** Counts an open watch; what it returns counts it no longer. Throws `QUOTA_EXCEEDED` when it is one too many. */
  watch(caller: string, what: "tasks" | "safety"): () => void;
  /**
   * Resolves when it is this reader's turn: one reader for each turn of the event loop, to collect a page or to have it encoded,
   * so that an emergency stop comes in between. Rejects with `QUOTA_EXCEEDED` when too many wait.
   */
  turn(): Promise<void>;
}

/** How many readers may wait for their turn. */
const waitingAtMost = 1_000;

/** Creates it. Bounds: 10,000 callers' rates, one count for each caller with an open watch, 1,000 readers that wait. */
export function createReads(clock: Clock, given: Partial<ReadLimits> = {}): Reads {
  const { perSecond, burst, watches } = { ...defaultReadLimits, ...given };
  const limiter = createRateLimiter({ perSecond, burst });
  const open = new Map<string, number>();
  let latest: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  return {
    take(caller) {
      if (limiter.take(caller, clock.now()) === 0) return;
      throw quotaError("reads", perSecond, "The caller reads too often, for each second");
    },
    watch(caller, what) {
      const key = `${what} ${caller}`;
      const count = open.get(key) ?? 0;
      if (count >= watches) throw quotaError("watches", watches, "The caller has too many watches open");
      open.set(key, count + 1);
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        const left = (open.get(key) ?? 1) - 1;
        if (left > 0) open.set(key, left);
        else open.delete(key);
      };
    },
    async turn() {
      if (waiting >= waitingAtMost) throw quotaError("readers", waitingAtMost, "Too many readers wait for their turn");
      waiting++;
      latest = latest.then(() => turn());
      await latest;
      waiting--;
    },
  };
}
