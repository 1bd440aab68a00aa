/** Does something with the latest value, in the background. */
export interface Latest<T> {
  /** Takes a value; one that a later one overtakes before its turn is passed over. */
  offer(value: T): void;
  /** Resolves when there is nothing left to do. */
  settled(): Promise<void>;
}

/**
 * Calls `work` with the latest value offered, one call at a time: so a slow disk is written to as often as it can be, and
 * nobody waits for it. `work` must not reject.
 */
export function createLatest<T>(work: (value: T) => Promise<void>): Latest<T> {
  let waiting: { readonly value: T } | undefined;
  let working: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (waiting) {
      const { value } = waiting;
      waiting = undefined;
      await work(value);
    }
    working = undefined;
  }

  return {
    offer(value) {
      waiting = { value };
      working ??= run();
    },
    settled: async () => working,
  };
}
