/** A distribution of durations. */
export interface Histogram {
  /** The upper bounds of the buckets, in seconds, ascending. */
  readonly bounds: readonly number[];
  /** How many fell in each bucket; one more than bounds, the last for those above all of them. */
  readonly counts: readonly number[];
  /** Seconds of all together. */
  readonly sum: number;
  /** Adds one. A negative duration counts as zero. Returns it in seconds. */
  record(ms: number): number;
}

/**
 * The upper bounds of the buckets, in seconds: those that the semantic conventions for RPC advise, and three below them,
 * because most calls between bots of one site take less than 5 ms.
 */
export const durationBounds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const;

/** Creates an empty distribution. A record allocates nothing. */
export function createHistogram(): Histogram {
  return new Durations();
}

class Durations implements Histogram {
  readonly bounds = durationBounds;
  readonly counts = new Array<number>(durationBounds.length + 1).fill(0);
  sum = 0;

  record(ms: number): number {
    const seconds = ms > 0 ? ms / 1_000 : 0;
    let bucket = 0;
    while (bucket < durationBounds.length && seconds > (durationBounds[bucket] as number)) bucket++;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += seconds;
    return seconds;
  }
}
