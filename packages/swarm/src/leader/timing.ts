/** The times by which leader and workers judge each other, in milliseconds. */
export interface Timing {
  /** How often a worker sends a heartbeat. Default: 500. */
  readonly heartbeatPeriodMs: number;
  /** After how much silence a worker is lost, and its tasks are given to others. Default: 2,000. */
  readonly lostAfterMs: number;
  /** After how much silence of the leader a worker stops by itself; less than `lostAfterMs`. Default: 1,500. */
  readonly stopAfterMs: number;
  /** How long a lost worker is remembered, so that an emergency stop names it. Default: 3,600,000, an hour. */
  readonly forgetLostMs: number;
}

/** The default of each time in {@link Timing}. */
export const defaultTiming: Timing = {
  heartbeatPeriodMs: 500,
  lostAfterMs: 2_000,
  stopAfterMs: 1_500,
  forgetLostMs: 3_600_000,
};

/** Fills in the defaults. Throws when no worker could keep to the times. */
export function createTiming(given: Partial<Timing>): Timing {
  const timing = { ...defaultTiming, ...given };
  const { heartbeatPeriodMs, lostAfterMs, stopAfterMs } = timing;
  if (!(heartbeatPeriodMs > 0 && heartbeatPeriodMs * 2 <= stopAfterMs && stopAfterMs < lostAfterMs)) {
    throw new TypeError(
      `A worker has to stop after at least two heartbeats (${heartbeatPeriodMs} ms) and before it is lost: ` +
        `stopAfterMs is ${stopAfterMs}, lostAfterMs ${lostAfterMs}.`,
    );
  }
  return timing;
}
