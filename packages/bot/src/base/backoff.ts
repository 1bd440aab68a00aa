/** How long to wait before the next attempt. */
export interface Backoff {
  /** The next delay in milliseconds: twice the last one, up to the maximum, less up to half of it at random. */
  next(): number;
  /** It went well: start anew. */
  reset(): void;
}

/** How a {@link Backoff} grows. */
export interface BackoffOptions {
  /** 100 unless said. */
  readonly firstMs?: number;
  /** 5,000 unless said. */
  readonly maximumMs?: number;
  /** Gives from 0 to 1; `Math.random` unless said. */
  readonly random?: () => number;
}

/** Exponential backoff with jitter: machines that fell together do not rise together. */
export function createBackoff({
  firstMs = 100,
  maximumMs = 5_000,
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
