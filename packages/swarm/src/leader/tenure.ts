import type { Clock } from "@interlock/bot";

/** The time for which a leader leads. Each transaction extends it. */
export interface Tenure {
  /** Whether the time has run out by the leader's own clock. */
  readonly isOver: boolean;
  /** Whether transactions take so little of the time that one may wait behind another. */
  readonly isSwift: boolean;
  /** Runs a transaction that extends the tenure, from the moment at which it was handed over. */
  extend<T>(transaction: () => Promise<T>): Promise<T>;
}

/** Creates a tenure that begins now; the leader leads for `leadMs` milliseconds after each transaction. `clock` is monotonic. */
export function createTenure(clock: Clock, leadMs: number): Tenure {
  let leadsUntil = clock.now() + leadMs;
  let commitMs = 0;
  return {
    get isOver() {
      return clock.now() >= leadsUntil;
    },
    get isSwift() {
      return commitMs < leadMs / 8;
    },
    async extend(transaction) {
      const from = clock.now();
      const result = await transaction();
      leadsUntil = from + leadMs;
      commitMs = clock.now() - from;
      return result;
    },
  };
}
