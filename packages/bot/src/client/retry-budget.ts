/** Bounds how many calls are made again, so that a server that cannot serve gets little more to do, and not several times as much. */
export interface RetryBudget {
  /** Takes note of a call. */
  called(): void;
  /** Whether a call may be made again; it counts. */
  take(): boolean;
}

/** The calls that may be made again at once. */
const burst = 10;
/** The part of all calls that may be made again. */
const share = 0.1;

/** Makes a budget: a tenth of the calls, and ten at once. */
export function createRetryBudget(): RetryBudget {
  let left = burst;
  return {
    called() {
      left = Math.min(burst, left + share);
    },
    take() {
      if (left < 1) return false;
      left--;
      return true;
    },
  };
}
