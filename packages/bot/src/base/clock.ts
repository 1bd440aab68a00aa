/**
 * The source of the time. Tests pass their own.
 *
 * @example
 * ```ts
 * let now = Date.now();
 * const clock: Clock = { now: () => now };
 * ```
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The {@link Clock} of the machine. */
export const systemClock: Clock = { now: () => Date.now() };
