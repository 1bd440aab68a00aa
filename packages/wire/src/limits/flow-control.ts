import { maximumInteger } from "../frame/kinds.js";

/** How much may be sent (RFC 9113, section 6.9). It can be below zero, after the other end has made the initial window smaller. */
export class SendWindow {
  bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Adds to the window, or takes from it. False where it becomes larger than a window may be. */
  add(bytes: number): boolean {
    this.bytes += bytes;
    return this.bytes <= maximumInteger;
  }
}

/** How much the other end may send. What was used is given back in portions of half a window, so that not each frame is answered. */
export class ReceiveWindow {
  readonly #size: number;
  readonly #slack: number;
  #left: number;
  /** What was used, is free again, and has not been given back. */
  #free = 0;

  /**
   * @param size - The size of the window.
   * @param left - What of it the other end knows of. Default: all.
   * @param slack - How much more the other end may send, because it may not know the size yet (RFC 9113, section 6.9.3).
   */
  constructor(size: number, left = size, slack = 0) {
    this.#size = size;
    this.#slack = slack;
    this.#left = left;
    this.#free = size - left;
  }

  /** Takes what has come out of the window. False where it is more than the other end was allowed. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= -this.#slack;
  }

  /**
   * Frees what has been dealt with, and was taken before. Gives the increment for a WINDOW_UPDATE, or 0 where it is not worth one
   * yet.
   */
  release(bytes: number): number {
    this.#free = Math.min(this.#free + bytes, Math.max(0, this.#size - this.#left));
    if (this.#free < this.#size / 2) return 0;
    const increment = this.#free;
    this.#free = 0;
    this.#left += increment;
    return increment;
  }

  /**
   * Makes room for so many bytes at once, which may be more than the size: what has come of them afterwards is not given back
   * before the window is below its size again. Gives the increment for a WINDOW_UPDATE, or 0 where there is room already.
   */
  expect(bytes: number): number {
    const increment = Math.min(bytes, maximumInteger) - this.#left;
    if (increment <= 0) return 0;
    this.#left += increment;
    this.#free = Math.min(this.#free, Math.max(0, this.#size - this.#left));
    return increment;
  }
}
