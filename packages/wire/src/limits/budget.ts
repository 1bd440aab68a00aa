import type { Rate } from "./limits.js";

/** A number of things that may happen: it grows with time, up to a burst. */
export class Budget {
  readonly #rate: Rate;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /** @param now - A clock that nobody sets, in milliseconds. */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#left = rate.burst;
    this.#at = now();
  }

  /** Takes `count` of it. False where there is not so much. */
  take(count = 1): boolean {
    this.#left -= count;
    return this.#left >= 0 || this.#refill();
  }

  /** Adds to it, up to the burst. */
  give(count: number): void {
    this.#left = Math.min(this.#rate.burst, this.#left + count);
  }

  // The clock is looked at only when the burst is used up.
  #refill(): boolean {
    const now = this.#now();
    this.give(((now - this.#at) * this.#rate.perSecond) / 1_000);
    this.#at = now;
    return this.#left >= 0;
  }
}
