/** Holds each of many to a rate. */
export interface TokenBuckets {
  /** Takes one; gives 0, or after how many milliseconds there will be one to take. */
  take(key: string, now: number): number;
}

/** How often something may be done. */
export interface BucketRate {
  readonly perSecond: number;
  /** How many at once, after a pause. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  /** Milliseconds since the epoch. */
  filledAt: number;
}

const maximumBuckets = 10_000;

/** A token bucket for each key, at most 10,000 of them: past that, the oldest starts afresh. */
export function createTokenBuckets({ perSecond, burst }: BucketRate): TokenBuckets {
  const buckets = new Map<string, Bucket>();

  function bucketOf(key: string, now: number): Bucket {
    let bucket = buckets.get(key);
    if (!bucket) {
      if (buckets.size >= maximumBuckets) buckets.delete(buckets.keys().next().value as string);
      bucket = { tokens: burst, filledAt: now };
      buckets.set(key, bucket);
    }
    return bucket;
  }

  return {
    take(key, now) {
      const bucket = bucketOf(key, now);
      bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.filledAt) / 1_000) * perSecond);
      bucket.filledAt = now;
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / perSecond) * 1_000);
      bucket.tokens--;
      return 0;
    },
  };
}
