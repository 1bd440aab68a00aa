import { flag, frameHeadBytes, frameType, initial } from "../frame/kinds.js";
import type { HeaderList } from "../header-list.js";
import { createEncoder, maximumEncodedBytes } from "../hpack/encoder.js";
import type { Output } from "./output.js";

/** The longest payload that is written. The other end may take longer ones; but so streams take turns. */
export const payloadBytes = initial.frameBytes;

/** Writes frames, and header lists as frames. Content has to have room in the windows, which are not known here. */
export class FrameWriter {
  readonly #output: Output;
  readonly #encoder = createEncoder();

  constructor(output: Output) {
    this.#output = output;
  }

  /** Takes note of the size of the other end's table of header fields. */
  setTableSize(bytes: number): void {
    this.#encoder.setTableSize(bytes);
  }

  /** Writes a few bytes that are not a frame. */
  bytes(bytes: Buffer): void {
    const output = this.#output;
    output.reserve(bytes.length);
    output.at += bytes.copy(output.buffer, output.at);
  }

  /** Writes a short frame, whose payload is numbers of 32 bits. */
  numbers(type: number, flags: number, streamId: number, ...numbers: readonly number[]): void {
    this.head(numbers.length * 4, type, flags, streamId, numbers.length * 4);
    const output = this.#output;
    for (const number of numbers) output.at = output.buffer.writeUInt32BE(number, output.at);
  }

  /** Writes a frame whose payload is a part of `bytes`, at most {@link payloadBytes}. */
  frame(type: number, flags: number, streamId: number, bytes: Buffer, from = 0, to = bytes.length): void {
    this.head(to - from, type, flags, streamId, to - from);
    this.#output.at += bytes.copy(this.#output.buffer, this.#output.at, from, to);
  }

  /** Writes a header list. It may become longer than a frame, and goes on in CONTINUATION then (RFC 9113, section 6.10). */
  headers(streamId: number, headers: HeaderList, end: boolean, recurring: boolean): void {
    const most = maximumEncodedBytes(headers);
    const flags = end ? flag.endStream : 0;
    if (most > payloadBytes) {
      this.#longHeaders(streamId, headers, flags, most);
      return;
    }
    const output = this.#output;
    output.reserve(frameHeadBytes + most);
    const start = output.at;
    const to = this.#encoder.encode(headers, output.buffer, start + frameHeadBytes, recurring);
    this.head(to - start - frameHeadBytes, frameType.headers, flags | flag.endHeaders, streamId, 0);
    output.at = to;
  }

  /** Writes the head of a frame of `length` bytes, and makes room for `room` more. */
  head(length: number, type: number, flags: number, streamId: number, room: number): void {
    const output = this.#output;
    output.reserve(frameHeadBytes + room);
    const { buffer, at } = output;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = type;
    buffer[at + 4] = flags;
    buffer[at + 5] = streamId >>> 24;
    buffer[at + 6] = streamId >>> 16;
    buffer[at + 7] = streamId >>> 8;
    buffer[at + 8] = streamId;
    output.at = at + frameHeadBytes;
  }

  #longHeaders(streamId: number, headers: HeaderList, endStream: number, most: number): void {
    const block = Buffer.allocUnsafe(most);
    const length = this.#encoder.encode(headers, block, 0);
    let type: number = frameType.headers;
    let flags = endStream;
    for (let from = 0; ; ) {
      const to = Math.min(length, from + payloadBytes);
      if (to === length) flags |= flag.endHeaders;
      this.frame(type, flags, streamId, block, from, to);
      if (to === length) return;
      from = to;
      type = frameType.continuation;
      flags = 0;
    }
  }
}
