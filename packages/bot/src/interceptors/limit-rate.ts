import type { AnyMethod } from "@interlock/policy";
import type { Caller } from "../context.js";
import { denial } from "../error.js";
import type { Attempt } from "./attempt.js";

interface Bucket {
  tokens: number;
  /** Milliseconds since the epoch. */
  filledAt: number;
}

const maximumBuckets = 10_000;

/** Holds each caller to the method's rate: a token bucket for each method and caller. */
export function createLimitRate() {
  const buckets = new Map<AnyMethod, Map<string, Bucket>>();

  return function limitRate({ method, now }: Attempt, caller: Caller): void {
    const { rate } = method.policy;
    if (!rate) return;
    const bucket = bucketOf(method, caller.name, rate.burst, now);
    bucket.tokens = Math.min(rate.burst, bucket.tokens + (Math.max(0, now - bucket.filledAt) / 1_000) * rate.perSecond);
    bucket.filledAt = now;
    if (bucket.tokens < 1) {
      const retryAfterMs = String(Math.ceil(((1 - bucket.tokens) / rate.perSecond) * 1_000));
      throw denial("RATE_LIMITED", `${rate.perSecond} calls a second are allowed`, { retryAfterMs });
    }
    bucket.tokens--;
  };

  function bucketOf(method: AnyMethod, caller: string, burst: number, now: number): Bucket {
    let callers = buckets.get(method);
    if (!callers) {
      callers = new Map();
      buckets.set(method, callers);
    }
    let bucket = callers.get(caller);
    if (!bucket) {
      // Callers have certificates, so they are few; the bound is for a fleet gone wrong. The oldest starts afresh.
      if (callers.size >= maximumBuckets) callers.delete(callers.keys().next().value as string);
      bucket = { tokens: burst, filledAt: now };
      callers.set(caller, bucket);
    }
    return bucket;
  }
}
