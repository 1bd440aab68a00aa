import { pause } from "../base/pause.js";

/** Does something with the latest value, in the background. */
export interface Latest<T> {
  /** Takes a value; one that a later one overtakes before its turn is passed over. */
  offer(value: T): void;
  /** Does without rests from now on, and resolves when there is nothing left to do. */
  settled(): Promise<void>;
}

/**
 * Calls `work` with the latest value offered: the first at once, then one call at a time, with `restMs` between them. So
 * a disk is not written to for each of a hundred updates, and nobody waits for it. `work` must not reject.
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
