import { ConnectionError, errorCode } from "./error-code.js";
import type { Frame } from "./frame.js";
import { frameHeadBytes, maximumInteger } from "./kinds.js";

/** Takes frames, one by one. */
export interface FrameSink {
  /** Takes a frame, which is valid during the call only. False ends the reading. */
  takeFrame(frame: Frame): boolean;
}

/**
 * Cuts what a socket gives into frames (RFC 9113, section 4.1).
 *
 * A frame that comes in parts is copied into a buffer of its own length, so that a peer which sends single bytes costs one copy of
 * each byte, and one frame of memory.
 */
export class FrameReader {
  readonly #maximumBytes: number;
  readonly #sink: FrameSink;
  /** The one object for all frames. */
  readonly #frame = { type: 0, flags: 0, streamId: 0, bytes: nothing as Buffer, from: 0, to: 0 };
  /** The head of a frame in parts. */
  #head = nothing;
  #headBytes = 0;
  /** The payload of a frame in parts, once its length is known. */
  #payload: Buffer | undefined;
  #payloadBytes = 0;

  /** @param maximumBytes - The longest payload, in bytes: SETTINGS_MAX_FRAME_SIZE. */
  constructor(maximumBytes: number, sink: FrameSink) {
    this.#maximumBytes = maximumBytes;
    this.#sink = sink;
  }

  /**
   * Reads on, and hands over each frame that is whole now.
   *
   * @throws A `ConnectionError` for a frame that is too long (RFC 9113, section 4.2).
   */
  read(chunk: Buffer): void {
    let at = this.#headBytes > 0 ? this.#finish(chunk) : 0;
    if (at < 0) return;
    const end = chunk.length;
    while (end - at >= frameHeadBytes) {
      const length = this.#lengthOf(chunk, at);
      const from = at + frameHeadBytes;
      if (end - from < length) break;
      if (!this.#hand(chunk, at, chunk, from, from + length)) return;
      at = from + length;
    }
    if (at < end) this.#keep(chunk, at);
  }

  /** Completes a frame in parts. Gives where the next one begins, or -1 if reading is over or the frame is not whole yet. */
  #finish(chunk: Buffer): number {
    const at = this.#keep(chunk, 0);
    const payload = this.#payload;
    if (!payload || this.#payloadBytes < payload.length) return -1;
    this.#headBytes = 0;
    this.#payload = undefined;
    this.#payloadBytes = 0;
    return this.#hand(this.#head, 0, payload, 0, payload.length) ? at : -1;
  }

  /** Keeps what there is of a frame in parts, and gives the position behind it. */
  #keep(chunk: Buffer, start: number): number {
    let at = start;
    if (this.#headBytes < frameHeadBytes) {
      if (this.#head === nothing) this.#head = Buffer.allocUnsafeSlow(frameHeadBytes);
      const copied = chunk.copy(this.#head, this.#headBytes, at);
      this.#headBytes += copied;
      at += copied;
      if (this.#headBytes < frameHeadBytes) return at;
    }
    this.#payload ??= Buffer.allocUnsafeSlow(this.#lengthOf(this.#head, 0));
    const copied = chunk.copy(this.#payload, this.#payloadBytes, at);
    this.#payloadBytes += copied;
    return at + copied;
  }

  #lengthOf(bytes: Buffer, at: number): number {
    const length = bytes.readUIntBE(at, 3);
    if (length > this.#maximumBytes) {
      throw new ConnectionError(errorCode.frameSizeError, `a frame of ${length} bytes`);
    }
    return length;
  }

  #hand(head: Buffer, at: number, bytes: Buffer, from: number, to: number): boolean {
    const frame = this.#frame;
    frame.type = head[at + 3] as number;
    frame.flags = head[at + 4] as number;
    frame.streamId = head.readUInt32BE(at + 5) & maximumInteger;
    frame.bytes = bytes;
    frame.from = from;
    frame.to = to;
    return this.#sink.takeFrame(frame);
  }
}

const nothing = Buffer.alloc(0);
