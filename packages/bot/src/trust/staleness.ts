import { setAlarm } from "../base/alarm.js";
import { type Clock, monotonicOf } from "../base/clock.js";
import { createListeners, type Unsubscribe } from "../base/subscription.js";

/** When the trust was last confirmed by the authority. */
export interface Freshness {
  /** Milliseconds since the epoch; negative infinity when that is not known. */
  readonly heardAt: number;
  /**
   * Whether it was confirmed to this process. Trust that was loaded from a disk was not: revocations since it was saved are
   * unknown, however recently that was.
   */
  readonly heard: boolean;
}

/** Watches how long ago something was confirmed. It is stale when that is longer ago than a bound. */
export interface Staleness extends Freshness {
  /** Whether it is stale now. */
  isStale(): boolean;
  /** Says that it has been confirmed now. */
  touch(): void;
  /** Calls `listener` when it becomes stale (true), and when it is fresh again (false). */
  onChange(listener: (stale: boolean) => void): Unsubscribe;
}

/**
 * Makes the watch, with a bound of `staleAfterMs()` milliseconds. Without `initial`, it was confirmed just now. The bound is
 * measured by the monotonic time: a machine whose clock is set makes nothing stale, and nothing fresh.
 */
export function createStaleness(clock: Clock, staleAfterMs: () => number, initial?: Freshness): Staleness {
  const listeners = createListeners<boolean>();
  let { heardAt, heard } = initial ?? { heardAt: clock.now(), heard: true };
  const steady = monotonicOf(clock);
  /** `heardAt` by the monotonic time. */
  let confirmedAt = steady.now() - Math.max(0, clock.now() - heardAt);
  const isStale = () => !heard || steady.now() - confirmedAt > staleAfterMs();
  let told = isStale();
  let listening = 0;
  let cancel = () => {};
  let watchedBound = Number.NaN;

  function tell(): void {
    const stale = isStale();
    if (stale === told) return;
    told = stale;
    listeners.tell(stale);
  }

  // Every confirmation moves the time, so the alarm checks it when it goes off, and is set again then.
  function watch(): void {
    cancel();
    watchedBound = staleAfterMs();
    if (listening === 0 || told || watchedBound === Number.POSITIVE_INFINITY) return;
    cancel = setAlarm(steady, confirmedAt + watchedBound + 1, () => {
      tell();
      watch();
    });
  }

  return {
    get heardAt() {
      return heardAt;
    },
    get heard() {
      return heard;
    },
    isStale,
    touch() {
      heardAt = clock.now();
      confirmedAt = steady.now();
      heard = true;
      if (!told && watchedBound === staleAfterMs()) return;
      tell();
      watch();
    },
    onChange(listener) {
      const remove = listeners.add(listener);
      let counted = true;
      listening++;
      watch();
      return () => {
        remove();
        if (counted && --listening === 0) cancel();
        counted = false;
      };
    },
  };
}
