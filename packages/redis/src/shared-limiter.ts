import type { RateLimiter } from "@interlock/bot";
import type { LocalRateLimiter } from "@interlock/bot/internal";
import { limitKey, type Rate } from "./limit-key.js";
import type { Link } from "./link.js";

/** A {@link RateLimiter} over Redis. */
export interface SharedLimiter extends RateLimiter {
  /** How many keys are remembered. */
  readonly size: number;
  /** Forgets the keys that nobody has asked for since the last time, and gives back their tokens. */
  sweep(): Promise<void>;
}

/** What a {@link SharedLimiter} works with. */
export interface SharedLimiterOptions {
  readonly link: Link;
  readonly prefix: string;
  /** Decides while Redis is away. */
  readonly alone: LocalRateLimiter;
  /** How many keys are remembered. Default: 10,000. */
  readonly maximumKeys?: number;
  /** Called with each key that is remembered anew. */
  readonly onUse: () => void;
}

/** A call that waits for Redis. */
interface Waiting {
  readonly now: number;
  readonly settle: (waitMs: number) => void;
}

/** What this process knows of one bucket. */
interface Lease {
  readonly bucket: string;
  /** Tokens that were taken from the bucket, and not used yet. */
  left: number;
  /** From when, and until when, the bucket is known to have none. */
  emptyFrom: number;
  emptyUntil: number;
  /** The calls for which Redis is being asked, in order. */
  waiting: Waiting[];
  used: boolean;
}

/** How many calls wait for Redis at once, over all keys; more are refused. A server bounds the calls of a bot as well. */
const maximumWaiting = 10_000;
/** How long an empty bucket is left alone, at the most: a bot that floods costs Redis 100 requests a second and process. */
const longestPauseMs = 10;

/**
 * How many tokens are taken at once: a hundredth of what the rate allows within a second. So much may lie unused in each
 * process, and be missing in the others. At most half a bucket, so that two processes find some.
 */
export function batchOf({ perSecond, burst }: Rate): number {
  return Math.max(1, Math.floor(Math.min((perSecond + burst) / 100, burst / 2)));
}

/**
 * Makes a limiter whose buckets are in Redis. It takes tokens in batches, and hands them out from memory. Calls that find none wait
 * together for one request, which asks for as many tokens as there are calls.
 *
 * For one key more than the bound, it forgets the one that it has known longest: Redis still knows its bucket.
 */
export function createSharedLimiter(rate: Rate, purpose: string, options: SharedLimiterOptions): SharedLimiter {
  const { link, prefix, alone, maximumKeys = 10_000, onUse } = options;
  const leases = new Map<string, Lease>();
  const batch = batchOf(rate);
  const pauseMs = Math.ceil(Math.min((batch * 1_000) / rate.perSecond, longestPauseMs));
  let waiting = 0;
  // What was taken may be gone from Redis when it is back.
  link.state.onChange(() => leases.clear());

  function use(key: string): Lease {
    const known = leases.get(key);
    if (known) return known;
    if (leases.size >= maximumKeys) leases.delete(leases.keys().next().value as string);
    const bucket = limitKey(prefix, purpose, rate, key);
    const lease: Lease = { bucket, left: 0, emptyFrom: 0, emptyUntil: 0, waiting: [], used: true };
    leases.set(key, lease);
    onUse();
    return lease;
  }

  async function fill(key: string, lease: Lease): Promise<void> {
    while (lease.waiting.length > 0) {
      const wanted = Math.max(batch, lease.waiting.length);
      const answer = await link.take(lease.bucket, rate, wanted);
      if (!answer) return settle(lease, lease.waiting.length, ({ now }) => alone.take(key, now));
      const { now = 0 } = lease.waiting.at(-1) ?? {};
      const served = Math.min(answer.granted, lease.waiting.length);
      settle(lease, served, () => 0);
      lease.left = answer.granted - served;
      if (answer.granted === wanted) continue;
      const emptyMs = Math.max(answer.waitMs, pauseMs);
      lease.emptyFrom = now;
      lease.emptyUntil = now + emptyMs;
      settle(lease, lease.waiting.length, () => emptyMs);
    }
  }

  /** Answers the first calls that wait. */
  function settle(lease: Lease, count: number, answer: (call: Waiting) => number): void {
    const first = lease.waiting.slice(0, count);
    lease.waiting = lease.waiting.slice(count);
    waiting -= first.length;
    for (const call of first) call.settle(answer(call));
  }

  return {
    get size() {
      return leases.size;
    },
    take(key, now) {
      if (link.state.current() === "alone") return alone.take(key, now);
      const lease = use(key);
      lease.used = true;
      if (lease.left > 0) {
        lease.left--;
        return 0;
      }
      if (now >= lease.emptyFrom && now < lease.emptyUntil) return lease.emptyUntil - now;
      if (waiting >= maximumWaiting) return pauseMs;
      waiting++;
      return new Promise((settle) => {
        lease.waiting.push({ now, settle });
        if (lease.waiting.length === 1) void fill(key, lease);
      });
    },
    async peek(key, now) {
      const lease = leases.get(key);
      if (lease && lease.left > 0) return 0;
      if (lease && now >= lease.emptyFrom && now < lease.emptyUntil) return lease.emptyUntil - now;
      const answer = await link.take(lease?.bucket ?? limitKey(prefix, purpose, rate, key), rate, 0);
      return answer ? answer.waitMs : alone.peek(key, now);
    },
    async sweep() {
      for (const [key, lease] of leases) {
        if (lease.used || lease.waiting.length > 0) {
          lease.used = false;
          continue;
        }
        leases.delete(key);
        // One after another: Redis is there for those who wait.
        if (lease.left > 0) await link.take(lease.bucket, rate, -lease.left);
      }
    },
  };
}
