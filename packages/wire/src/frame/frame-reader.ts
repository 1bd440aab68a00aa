import { ConnectionError, errorCode } from "./error-code.js";
import type { Frame } from "./frame.js";
import { frameHeadBytes, maximumInteger } from "./kinds.js";

/** Takes frames, one by one. */
export interface FrameSink {
  /** Takes a frame, which is valid during the call only. False stops the reading behind it. */
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
   * @returns What has not been read, because the sink has stopped the reading; it may be empty.
   * @throws A `ConnectionError` for a frame that is too long (RFC 9113, section 4.2).
   */
  read(chunk: Buffer): Buffer {
    let at = 0;
    if (this.#headBytes > 0) {
      at = this.#keep(chunk, 0);
      if (!this.#isWhole) return nothing;
      if (!this.#handKept()) return chunk.subarray(at);
    }
    const end = chunk.length;
    while (end - at >= frameHeadBytes) {
      const length = this.#lengthOf(chunk, at);
      const from = at + frameHeadBytes;
      if (end - from < length) break;
      at = from + length;
      if (!this.#hand(chunk, from - frameHeadBytes, chunk, from, at)) return chunk.subarray(at);
    }
    if (at < end) this.#keep(chunk, at);
    return nothing;
  }

  /** Whether the frame in parts is complete. */
  get #isWhole(): boolean {
    return this.#payload !== undefined && this.#payloadBytes === this.#payload.length;
  }

  #handKept(): boolean {
    const payload = this.#payload ?? nothing;
    this.#headBytes = 0;
    this.#payload = undefined;
    this.#payloadBytes = 0;
    return this.#hand(this.#head, 0, payload, 0, payload.length);
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
