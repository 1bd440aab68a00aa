import type { Clock } from "@interlock/bot";

/**
 * A clock that stands still until a test moves it. Tokens, certificates, rates, sunsets and the freshness of trust go by it. It goes
 * forward only.
 *
 * @example
 * ```ts
 * fleet.clock.advance(300_000); // Tokens that were shown before have expired.
 * ```
 */
export interface ManualClock extends Clock {
  /** Milliseconds of its own time, which grow as the clock is moved. */
  monotonic(): number;
  /**
   * Moves the clock.
   *
   * @param ms - The milliseconds, 0 or more.
   * @throws A `RangeError` when the clock would go back.
   */
  advance(ms: number): void;
  /**
   * Moves the clock to a moment, for example to the sunset of a method.
   *
   * @param time - The moment, which is not before the time of the clock.
   * @throws A `RangeError` when the clock would go back.
   */
  advanceTo(time: Date | number): void;
}

/**
 * Creates a clock for tests. `createTestFleet` has one: this one is for code that takes a `Clock` of its own.
 *
 * @param start - The time that it shows at first. Default: now.
 * @param moved - Called after it has been moved.
 * @returns The clock.
 */
export function createManualClock(start: Date | number = Date.now(), moved: () => void = () => {}): ManualClock {
  const begin = checked(Number(start));
  let time = begin;
  function advanceTo(to: number): void {
    if (!(to >= time))
      throw new RangeError(`the clock shows ${shown(time)} and goes forward only, not to ${shown(to)}`);
    time = checked(to);
    moved();
  }
  return {
    now: () => time,
    monotonic: () => time - begin,
    advance: (ms) => advanceTo(time + ms),
    advanceTo: (to) => advanceTo(Number(to)),
  };
}

function checked(time: number): number {
  if (Number.isNaN(new Date(time).getTime())) throw new RangeError(`${time} is no time`);
  return time;
}

function shown(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
