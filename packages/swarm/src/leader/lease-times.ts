import type { Standstill } from "../gen/interlock/swarm/v1/swarm.js";
import { longNameAtMost } from "./limits.js";
import type { Timing } from "./timing.js";

/** How long the lease of a task of each kind is at a worker, and when the worker stops by itself. */
export interface LeaseTimes {
  /** After how much silence of this worker a task of this kind is taken back, in milliseconds. */
  leaseMs(kind: string, worker: string): number;
  /** After how much silence of the leader this worker stops a task of this kind, in milliseconds; less than its lease. */
  stopAfterMs(kind: string, worker: string): number;
  /**
   * Notes for how long handlers kept a worker from running: it gets a longer lease for these kinds, so that the next attempt is
   * not lost for the same reason.
   */
  learn(worker: string, standstill: Standstill | undefined): void;
}

/** Takes what was learned: a worker has a longer lease for a kind from now on. */
export type OnLearned = (worker: string, kind: string, leaseMs: number) => void;

/** The longest lease, in milliseconds. */
const longestMs = 3_600_000;
/** The longest lease that is learned, in milliseconds: nobody has asked for it. */
const longestLearnedMs = 60_000;
const kindsAtOnce = 10;
/** How many pairs of a worker and a kind are remembered: beyond that, the one learned first is forgotten. */
const learnedAtMost = 10_000;

/** Creates it. `leaseMsOf` counts where it gives more than `lostAfterMs`, up to an hour. */
export function createLeaseTimes(
  { lostAfterMs, stopAfterMs }: Pick<Timing, "lostAfterMs" | "stopAfterMs">,
  leaseMsOf: (kind: string) => number,
  onLearned: OnLearned,
): LeaseTimes {
  /** By worker and kind. */
  const learned = new Map<string, number>();

  function leaseMs(kind: string, worker: string): number {
    const wanted = leaseMsOf(kind);
    const chosen = wanted > lostAfterMs ? Math.min(wanted, longestMs) : lostAfterMs;
    return learned.size === 0 ? chosen : Math.max(chosen, learned.get(pair(worker, kind)) ?? 0);
  }

  return {
    leaseMs,
    stopAfterMs: (kind, worker) => Math.floor((leaseMs(kind, worker) * stopAfterMs) / lostAfterMs),
    learn(worker, standstill) {
      if (!standstill || standstill.ms < stopAfterMs / 2) return;
      const needed = Math.min(2 * standstill.ms + lostAfterMs, longestLearnedMs);
      for (const kind of standstill.kinds.slice(0, kindsAtOnce)) {
        if (kind.length > longNameAtMost || leaseMs(kind, worker) >= needed) continue;
        learned.delete(pair(worker, kind));
        learned.set(pair(worker, kind), needed);
        const [first] = learned.keys();
        if (learned.size > learnedAtMost && first !== undefined) learned.delete(first);
        onLearned(worker, kind, needed);
      }
    },
  };
}

function pair(worker: string, kind: string): string {
  return `${worker}\n${kind}`;
}
