import { ConnectionError, errorCode } from "../frame/error-code.js";

/** A header block that comes in several frames (RFC 9113, section 4.3). No other frame may come between them. */
export class HeaderBlock {
  readonly #maximumFrames: number;
  #parts: Buffer[] = [];
  /** The stream that it belongs to; 0 while there is none. */
  streamId = 0;
  /** The flags of its HEADERS frame. */
  flags = 0;

  constructor(maximumFrames: number) {
    this.#maximumFrames = maximumFrames;
  }

  begin(streamId: number, flags: number): void {
    this.streamId = streamId;
    this.flags = flags;
  }

  /**
   * Adds a part, which is copied.
   *
   * @throws A `ConnectionError` when there are too many.
   */
  add(bytes: Buffer, from: number, to: number): void {
    if (this.#parts.length >= this.#maximumFrames) {
      throw new ConnectionError(errorCode.enhanceYourCalm, "a header block in too many frames");
    }
    this.#parts.push(Buffer.from(bytes.subarray(from, to)));
  }

  /** Gives the whole, and is ready for the next. */
  end(): Buffer {
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    this.streamId = 0;
    return whole;
  }
}
