import { createUptime } from "./uptime.js";

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
  /**
   * Milliseconds since some moment, for durations: it goes on evenly when the time of the machine is set, and only grows.
   * Default: what `now` gives.
   */
  monotonic?(): number;
}

/** The {@link Clock} of the machine. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: createUptime() };

/**
 * The clock by which durations are measured: leases, leads, and how long ago something was heard.
 *
 * @param clock - The source of the time.
 * @returns A clock whose `now` is the monotonic time of `clock`, in milliseconds since some moment.
 */
export function monotonicOf(clock: Clock): Clock {
  return { now: () => clock.monotonic?.() ?? clock.now() };
}

/**
 * How far the clocks of two machines may be apart, in milliseconds. It is one bound for everything: certificates begin this
 * long before their issue, and a token may begin this long in the future of the server that it is shown to. What ends, ends
 * without it.
 */
export const clockSkewMs = 60_000;

/**
 * Says that something begins or ends at another time than the clock of this machine says, and what to do.
 *
 * @param what - The event, such as "it begins".
 * @param at - Its time, in milliseconds since the epoch.
 * @param now - What the clock of this machine says.
 */
export function clocksDiffer(what: string, at: number, now: number): string {
  const remedy = `set the clocks of both machines, for example with NTP; they may be ${clockSkewMs / 1_000} s apart`;
  return `${what} at ${iso(at)}, and the clock of this machine says ${iso(now)}: ${remedy}`;
}

/** Writes a time as ISO 8601; one that is beyond all dates as a number. */
function iso(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}
