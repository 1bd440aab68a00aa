import type { Rate } from "@interlock/policy";

/**
 * A limit on how often each of many keys may do something, for example each bot by its name.
 *
 * Both functions answer at once or later: a limit that several processes share asks a store. A limiter that rejects
 * refuses what it was asked about.
 */
export interface RateLimiter {
  /**
   * Takes one from the allowance of `key`, if there is one to take.
   *
   * @param key - What is limited.
   * @param now - Milliseconds since the epoch.
   * @returns 0 when one was taken, otherwise the milliseconds until there is one to take.
   */
  take(key: string, now: number): number | Promise<number>;
  /**
   * Tells what {@link take} would answer, and takes nothing.
   *
   * @param key - What is limited.
   * @param now - Milliseconds since the epoch.
   * @returns 0 when there is one to take, otherwise the milliseconds until there is.
   */
  peek(key: string, now: number): number | Promise<number>;
}

/**
 * Makes the limiter for one purpose.
 *
 * @param rate - How often each key may do it.
 * @param purpose - Tells limiters in one shared store apart: `"caller"` for all calls of a bot, or the path of a method.
 */
export type CreateRateLimiter = (rate: Rate, purpose: string) => RateLimiter;

/** A {@link RateLimiter} in the memory of this process, which answers at once. */
export interface LocalRateLimiter extends RateLimiter {
  /**
   * As {@link RateLimiter.take}.
   *
   * @param amount - How many are taken, such as bytes. More than the burst takes all of it, and what is missing beyond it. Default: 1.
   */
  take(key: string, now: number, amount?: number): number;
  peek(key: string, now: number): number;
}

/** The token bucket of one key, in a list from the bucket used longest ago to the one used last. */
interface Bucket {
  readonly key: string;
  tokens: number;
  /** Milliseconds since the epoch. */
  filledAt: number;
  older: Bucket | undefined;
  newer: Bucket | undefined;
}

/** The default of the number of keys that a limiter in memory remembers. */
const maximumKeys = 10_000;

/** How many buckets, from the one used longest ago on, are compared when one has to go. */
const evictionSample = 8;

/**
 * Makes a limiter in memory: a token bucket for each key, with `rate.burst` tokens at the start.
 *
 * It remembers at most `bound` keys. For one more it evicts, of the eight buckets used longest ago, the one with the most
 * tokens: a bucket that is full again loses nothing. A key that goes on, refused or not, is never among them, so to get
 * rid of an empty bucket its owner has to stop, and to use nearly as many tokens of `bound` other keys.
 *
 * @param rate - How often each key may do it.
 * @param bound - How many keys are remembered. Default: 10,000.
 * @returns The limiter.
 */
export function createRateLimiter({ perSecond, burst }: Rate, bound: number = maximumKeys): LocalRateLimiter {
  const buckets = new Map<string, Bucket>();
  let oldest: Bucket | undefined;
  let newest: Bucket | undefined;

  function tokensIn({ tokens, filledAt }: Bucket, now: number): number {
    return Math.min(burst, tokens + (Math.max(0, now - filledAt) / 1_000) * perSecond);
  }

  function waitFor(tokens: number, amount = 1): number {
    const needed = Math.min(amount, burst);
    return tokens >= needed ? 0 : Math.ceil(((needed - tokens) / perSecond) * 1_000);
  }

  // A list, and not the order of the map: a map in which entries change places on every call rehashes every few calls
  // (see `roster.ts`).
  function append(bucket: Bucket): void {
    bucket.older = newest;
    bucket.newer = undefined;
    if (newest) newest.newer = bucket;
    else oldest = bucket;
    newest = bucket;
  }

  function remove({ older, newer }: Bucket): void {
    if (older) older.newer = newer;
    else oldest = newer;
    if (newer) newer.older = older;
    else newest = older;
  }

  function evict(now: number): void {
    let fullest = oldest;
    let bucket = oldest?.newer;
    for (let compared = 1; bucket && fullest && compared < evictionSample; compared++) {
      if (tokensIn(bucket, now) > tokensIn(fullest, now)) fullest = bucket;
      bucket = bucket.newer;
    }
    if (!fullest) return;
    remove(fullest);
    buckets.delete(fullest.key);
  }

  function use(key: string, now: number): Bucket {
    const known = buckets.get(key);
    if (known) {
      if (known !== newest) {
        remove(known);
        append(known);
      }
      return known;
    }
    if (buckets.size >= bound) evict(now);
    const bucket: Bucket = { key, tokens: burst, filledAt: now, older: undefined, newer: undefined };
    buckets.set(key, bucket);
    append(bucket);
    return bucket;
  }

  return {
    take(key, now, amount = 1) {
      const bucket = use(key, now);
      bucket.tokens = tokensIn(bucket, now);
      bucket.filledAt = now;
      const wait = waitFor(bucket.tokens, amount);
      if (wait === 0) bucket.tokens -= amount;
      return wait;
    },
    peek(key, now) {
      const bucket = buckets.get(key);
      return bucket ? waitFor(tokensIn(bucket, now)) : 0;
    },
  };
}
