import type { Lanes } from "../base/lanes.js";
import { pause } from "../base/pause.js";

/** Background work on the latest value. */
export interface Latest<T> {
  /** Takes a value. It is skipped when a later one comes before its turn. */
  offer(value: T): void;
  /** Ends the rests, and resolves when there is nothing left to do. */
  settled(): Promise<void>;
}

/**
 * Calls `work` with the latest value offered: the first at once, then one call at a time, with `restMs` between them. So a
 * hundred updates become a few writes to a disk, and no caller waits for them. `work` must not reject.
 *
 * @param lanes - What shares them works on so much at a time. Default: none, and nothing waits for others.
 */
export function createLatest<T>(restMs: number, work: (value: T) => Promise<void>, lanes?: Lanes): Latest<T> {
  const ending = new AbortController();
  let waiting: { readonly value: T } | undefined;
  let working: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (waiting) {
      const turn = lanes?.enter();
      if (turn) await turn;
      const { value } = waiting;
      waiting = undefined;
      await work(value);
      lanes?.leave();
      await pause(restMs, ending.signal);
    }
    working = undefined;
  }

  return {
    offer(value) {
      waiting = { value };
      working ??= run();
    },
    async settled() {
      ending.abort();
      await working;
    },
  };
}
