import { pause } from "../base/pause.js";

/** Background work on the latest value. */
export interface Latest<T> {
  /** Takes a value. It is skipped when a later one comes before its turn. */
  offer(value: T): void;
  /** Ends the rests, and resolves when there is nothing left to do. */
  settled(): Promise<void>;
}

/**
 * Calls `work` with the latest value offered: the first at once, then one call at a time, with `restMs` between them. A
 * hundred updates are so a few writes to a disk, and no caller waits for them. `work` must not reject.
 */
export function createLatest<T>(restMs: number, work: (value: T) => Promise<void>): Latest<T> {
  const ending = new AbortController();
  let waiting: { readonly value: T } | undefined;
  let working: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (waiting) {
      const { value } = waiting;
      waiting = undefined;
      await work(value);
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
