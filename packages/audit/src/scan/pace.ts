/** Decides when the next attempt may start. Times are milliseconds. */
export interface Pace {
  /** Whether another attempt may start while `underWay` are; one that may is counted. */
  allows(underWay: number, now: number): boolean;
  /** This machine had no room for an attempt beside `underWay` others. */
  slow(underWay: number, now: number): void;
}

/** The bounds of a pace, and when it begins. */
export interface PaceOptions {
  readonly concurrency: number;
  /** Attempts a second; `Infinity` for no limit. */
  readonly perSecond: number;
  readonly now: number;
}

/** How long nothing starts when this machine has no room, in milliseconds. */
const restMs = 50;

/** How much of a second's attempts may start at once, after a pause. */
const burst = 1 / 50;

/**
 * A pace with a bound of attempts under way and one of attempts a second. Where this machine has no room for more, the first
 * bound is halved, and doubled again with every 50 ms in which it has.
 */
export function createPace({ concurrency, perSecond, now: began }: PaceOptions): Pace {
  const most = Math.max(1, perSecond * burst);
  let bound = concurrency;
  let restUntil = began;
  let credit = most;
  let creditedAt = began;
  return {
    allows(underWay, now) {
      if (now < restUntil) return false;
      if (bound < concurrency && now >= restUntil + restMs) {
        bound = Math.min(concurrency, bound * 2);
        restUntil = now;
      }
      if (underWay >= bound) return false;
      if (perSecond === Number.POSITIVE_INFINITY) return true;
      credit = Math.min(most, credit + ((now - creditedAt) / 1_000) * perSecond);
      creditedAt = now;
      if (credit < 1) return false;
      credit--;
      return true;
    },
    slow(underWay, now) {
      // Of several that fail in one turn, the first one tells.
      if (now >= restUntil) bound = Math.max(1, Math.floor(Math.min(bound, underWay + 1) / 2));
      restUntil = now + restMs;
    },
  };
}
