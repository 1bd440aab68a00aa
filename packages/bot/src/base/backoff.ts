/** The delays between attempts that fail. */
export interface Backoff {
  /** The next delay in milliseconds: twice the last one, up to the maximum, minus up to half of it at random. */
  next(): number;
  /** Starts again at the first delay, after a success. */
  reset(): void;
}

/** How a {@link Backoff} grows. */
export interface BackoffOptions {
  /** The first delay, in milliseconds. Default: 100. */
  readonly firstMs?: number;
  /** The longest delay, in milliseconds. Default: 2,000, so that everything is back soon after an outage. */
  readonly maximumMs?: number;
  /** Gives a number from 0 to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Makes an exponential backoff with jitter, so that machines which failed together do not retry together. */
export function createBackoff({
  firstMs = 100,
  maximumMs = 2_000,
  random = Math.random,
}: BackoffOptions = {}): Backoff {
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
