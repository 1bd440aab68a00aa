import { denial } from "@interlock/bot/internal";

/** How often something may be done. */
export interface Rate {
  /** How many times at once. */
  readonly burst: number;
  /** How many more each second. */
  readonly perSecond: number;
}

/** Holds each of many to a rate. */
export interface RateLimit {
  /** Throws `RATE_LIMITED`, with `retryAfterMs`, while `key` has used up its rate. */
  check(key: string, now: number): void;
  /** Counts one of `key`. */
  count(key: string, now: number): void;
}

const maximumKeys = 10_000;

/** Limits in memory, of 10,000 keys at the most: the one that was counted longest ago starts afresh. */
export function createRateLimit({ burst, perSecond }: Rate, remedy: string): RateLimit {
  // What weighs on a key, and since when; the one that was counted longest ago stands first.
  const weights = new Map<string, { weight: number; at: number }>();

  function weightOf(key: string, now: number): number {
    const entry = weights.get(key);
    return entry ? Math.max(0, entry.weight - (Math.max(0, now - entry.at) / 1_000) * perSecond) : 0;
  }

  return {
    check(key, now) {
      const over = weightOf(key, now) + 1 - burst;
      if (over <= 0) return;
      throw denial("RATE_LIMITED", remedy, { retryAfterMs: String(Math.ceil((over / perSecond) * 1_000)) });
    },
    count(key, now) {
      const weight = Math.min(burst, weightOf(key, now) + 1);
      weights.delete(key);
      weights.set(key, { weight, at: now });
      const [oldest] = weights.keys();
      if (weights.size > maximumKeys && oldest !== undefined) weights.delete(oldest);
    },
  };
}
