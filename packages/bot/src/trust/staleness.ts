import { setAlarm } from "../base/alarm.js";
import type { Clock } from "../base/clock.js";
import { createListeners, type Unsubscribe } from "../base/subscription.js";

/** When what is held was last known to be right. */
export interface Freshness {
  /** Milliseconds since the epoch; negative infinity when nobody knows. */
  readonly heardAt: number;
  /**
   * Whether it has been heard of in this process. What was restored from a disk has not: nobody knows what was locked
   * since it was saved, however recently that was.
   */
  readonly heard: boolean;
}

/** Tells what is fresh from what is stale: whatever has not been heard of for longer than a bound. */
export interface Staleness extends Freshness {
  isStale(): boolean;
  /** It has been heard of now. */
  touch(): void;
  /** Tells whenever it becomes stale (true), and fresh again (false). */
  onChange(listener: (stale: boolean) => void): Unsubscribe;
}

/** Watches over something with a bound of `staleAfterMs()` milliseconds. */
export function createStaleness(clock: Clock, staleAfterMs: () => number, initial?: Freshness): Staleness {
  const listeners = createListeners<boolean>();
  let { heardAt, heard } = initial ?? { heardAt: clock.now(), heard: true };
  const isStale = () => !heard || clock.now() - heardAt > staleAfterMs();
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

  // It moves with every word that is heard, so it is looked at when it rings, and set anew then.
  function watch(): void {
    cancel();
    watchedBound = staleAfterMs();
    if (listening === 0 || told || watchedBound === Number.POSITIVE_INFINITY) return;
    cancel = setAlarm(clock, heardAt + watchedBound + 1, () => {
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
