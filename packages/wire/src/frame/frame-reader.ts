import { ConnectionError, errorCode } from "./error-code.js";
import type { Frame } from "./frame.js";
import { flag, frameHeadBytes, frameType, maximumInteger } from "./kinds.js";

/** Takes frames, one by one. */
export interface FrameSink {
  /** Takes a frame, which is valid during the call only. False stops the reading behind it. */
  takeFrame(frame: Frame): boolean;
}

/**
 * From so many bytes on, what has come of a DATA frame is handed over as a frame of its own. Below it, a peer that sends single bytes
 * would have each of them handled like a frame.
 */
const partAtLeast = 1_024;

/**
 * Cuts what a socket gives into frames (RFC 9113, section 4.1).
 *
 * A DATA frame without padding that comes in long parts is handed over in these parts, since its length means nothing (section 8.1):
 * each looks like a shorter frame, and only the last has the flags. Any other frame that comes in parts is copied into a buffer of its
 * own length, so that a peer which sends single bytes costs one copy of each byte, and one frame of memory.
 */
export class FrameReader {
  readonly #maximumBytes: number;
  readonly #sink: FrameSink;
  /** The one object for all frames. */
  readonly #frame = { type: 0, flags: 0, streamId: 0, bytes: nothing as Buffer, from: 0, to: 0 };
  /** The head of the frame that is not whole; after parts of it were handed over, the head of its rest. */
  readonly #head = Buffer.alloc(frameHeadBytes);
  #headBytes = 0;
  /** What has come of its payload. */
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
      at = this.#keepHead(chunk, 0);
      const end = this.#endOfKept(chunk, at);
      if (end < 0) {
        this.#keepPayload(chunk, at);
        return nothing;
      }
      const goOn = this.#handKept(chunk, at, end);
      at = end;
      if (!goOn) return chunk.subarray(at);
    }
    const end = chunk.length;
    while (end - at >= frameHeadBytes) {
      const length = this.#lengthOf(chunk, at);
      const from = at + frameHeadBytes;
      if (end - from < length) break;
      at = from + length;
      if (!this.#hand(chunk, from - frameHeadBytes, chunk, from, at)) return chunk.subarray(at);
    }
    if (at < end) this.#keepPayload(chunk, this.#keepHead(chunk, at));
    return nothing;
  }

  /** Where the frame that was not whole ends in a chunk; -1 where it does not. */
  #endOfKept(chunk: Buffer, from: number): number {
    if (this.#headBytes < frameHeadBytes) return -1;
    const end = from + this.#lengthOf(this.#head, 0) - this.#payloadBytes;
    return end <= chunk.length ? end : -1;
  }

  #handKept(chunk: Buffer, from: number, end: number): boolean {
    const payload = this.#payload;
    this.#headBytes = 0;
    this.#payload = undefined;
    this.#payloadBytes = 0;
    if (!payload) return this.#hand(this.#head, 0, chunk, from, end);
    chunk.copy(payload, payload.length - (end - from), from, end);
    return this.#hand(this.#head, 0, payload, 0, payload.length);
  }

  /** Keeps what there is of the head of a frame, and gives the position behind it. */
  #keepHead(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#head, this.#headBytes, at, at + frameHeadBytes - this.#headBytes);
    this.#headBytes += copied;
    return at + copied;
  }

  /** Keeps, or hands over, what there is of a payload that is not whole: all of a chunk from `from` on. */
  #keepPayload(chunk: Buffer, from: number): void {
    if (this.#headBytes < frameHeadBytes) return;
    const head = this.#head;
    const length = this.#lengthOf(head, 0);
    const part = chunk.length - from;
    const isPlain = head[3] === frameType.data && ((head[4] as number) & flag.padded) === 0;
    if (isPlain && part >= partAtLeast && !this.#payload) {
      const flags = head[4] as number;
      head[4] = 0;
      this.#hand(head, 0, chunk, from, chunk.length);
      head[4] = flags;
      head.writeUIntBE(length - part, 0, 3);
    } else if (part > 0) {
      this.#payload ??= Buffer.allocUnsafeSlow(length);
      this.#payloadBytes += chunk.copy(this.#payload, this.#payloadBytes, from);
    }
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
