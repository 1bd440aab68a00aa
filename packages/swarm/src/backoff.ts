/** How long to wait before the next attempt. */
export interface Backoff {
  /** The next delay in milliseconds: twice the last one, up to the maximum, less up to half of it at random. */
  next(): number;
  /** It went well: start anew. */
  reset(): void;
}

/** Exponential backoff with jitter, so that a fleet does not come back all at once. `random` gives from 0 to 1. */
export function createBackoff(random: () => number = Math.random, firstMs = 100, maximumMs = 5_000): Backoff {
  let delay = firstMs;
  return {
    next() {
      const current = delay;
      delay = Math.min(delay * 2, maximumMs);
      return current * (1 - random() / 2);
    },
    reset() {
      delay = firstMs;
    },
  };
}
