/** How long things take, in milliseconds. */
export interface Timing {
  /** How often a worker says that it is alive; 500. */
  readonly heartbeatPeriodMs: number;
  /** After how long a silence a worker is lost, and its tasks are given to others; 2,000. */
  readonly lostAfterMs: number;
  /** After how long a silence of the leader a worker stops by itself: less than `lostAfterMs`; 1,500. */
  readonly stopAfterMs: number;
  /** How long a lost worker is remembered, so that it is named in an emergency stop; an hour. */
  readonly forgetLostMs: number;
}

export const defaultTiming: Timing = {
  heartbeatPeriodMs: 500,
  lostAfterMs: 2_000,
  stopAfterMs: 1_500,
  forgetLostMs: 3_600_000,
};

/** The defaults, with what is told instead. Throws when nobody could keep to it. */
export function createTiming(told: Partial<Timing>): Timing {
  const timing = { ...defaultTiming, ...told };
  const { heartbeatPeriodMs, lostAfterMs, stopAfterMs } = timing;
  if (!(heartbeatPeriodMs > 0 && heartbeatPeriodMs * 2 <= stopAfterMs && stopAfterMs < lostAfterMs)) {
    throw new TypeError(
      `A worker has to stop after at least two heartbeats (${heartbeatPeriodMs} ms) and before it is lost: ` +
        `stopAfterMs is ${stopAfterMs}, lostAfterMs ${lostAfterMs}.`,
    );
  }
  return timing;
}
