const tries = 5;

/** What was measured, and whether its time is as it should be. */
export interface Timed {
  /** Whether all is as it should be but, perhaps, the time. */
  readonly ok: boolean;
  /** What was measured, and what it should be at most, in milliseconds. */
  readonly tookMs: number;
  readonly atMostMs: number;
  readonly seen: string;
}

/** No noise of a busy machine makes a miss by this factor. */
const farFactor = 10;

/**
 * Measures up to five times, until the result is `ok` and in time, because a busy machine may miss a time limit. `seen` reports the
 * number of measurements, and a limit that was missed in all of them: only one that is missed by an order of magnitude fails.
 */
export async function measureAgain<M extends Timed>(measure: () => Promise<M>): Promise<M> {
  for (let tried = 1; ; tried++) {
    const measured = await measure();
    const { ok, tookMs, atMostMs, seen } = measured;
    const inTime = tookMs <= atMostMs;
    if (!(ok && inTime) && tried < tries) continue;
    const often = tried === 1 ? "" : ` (measured ${tried} times)`;
    const missed = inTime ? "" : `, and not ${atMostMs.toFixed(0)} ms at most`;
    return { ...measured, ok: ok && tookMs <= atMostMs * farFactor, seen: `${seen}${missed}${often}` };
  }
}
