import { ConnectionError, errorCode } from "../frame/error-code.js";
import { Budget } from "./budget.js";
import { bounds, type Limits } from "./limits.js";

/** What the other end may do often, but not without end: frames that carry nothing, and streams that come to nothing. */
export class Floods {
  readonly #control: Budget;
  readonly #resets: Budget;

  /** @param now - A clock that nobody sets, in milliseconds. */
  constructor({ controlFrames, resets }: Limits, now: () => number) {
    this.#control = new Budget(controlFrames, now);
    this.#resets = new Budget(resets, now);
  }

  /** Takes note of a frame with content, of either end: honest peers answer each with a few frames that carry nothing. */
  content(): void {
    this.#control.give(bounds.controlFramesOfContent);
  }

  /**
   * Takes note of frames that carry nothing.
   *
   * @throws A `ConnectionError` where they are too many.
   */
  control(count = 1): void {
    if (!this.#control.take(count))
      throw new ConnectionError(errorCode.enhanceYourCalm, "too many frames without content");
  }

  /**
   * Takes note of a stream that came to nothing.
   *
   * @throws A `ConnectionError` where they are too many.
   */
  reset(): void {
    if (!this.#resets.take()) throw new ConnectionError(errorCode.enhanceYourCalm, "streams are reset too often");
  }
}
