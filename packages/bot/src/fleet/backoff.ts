import { setTimeout as sleep } from "node:timers/promises";

/** Waits longer after each failure, up to a bound, and never twice the same: machines that fell together do not rise together. */
export interface Backoff {
  /** Waits; resolves early, without an error, when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void>;
  /** It worked: the next wait is short again. */
  reset(): void;
}

/** Waits of `firstMs`, doubling up to `mostMs`, each ±50 %. */
export function createBackoff(firstMs = 200, mostMs = 10_000): Backoff {
  let failures = 0;
  return {
    async wait(signal) {
      const mean = Math.min(mostMs, firstMs * 2 ** failures++);
      await sleep(mean * (0.5 + Math.random()), undefined, { signal, ref: false }).catch(() => {});
    },
    reset() {
      failures = 0;
    },
  };
}
