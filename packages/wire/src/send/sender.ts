import type { Duplex } from "node:stream";
import { flag, frameType, initial } from "../frame/kinds.js";
import type { HeaderList } from "../header-list.js";
import { SendWindow } from "../limits/flow-control.js";
import { bounds } from "../limits/limits.js";
import { SendQueue } from "../stream/send-queue.js";
import type { Stream } from "../stream/stream.js";
import { FrameWriter, payloadBytes } from "./frame-writer.js";
import { copyBelowBytes, Output } from "./output.js";

/** The length of the prefix of a message of gRPC: a flag, and a length of four bytes. */
const prefixBytes = 5;

/** Takes note of what has been sent. */
export interface SenderObserver {
  /** The last frame of a stream has been written. */
  lastFrameSent(stream: Stream): void;
  /** A frame of content has been written, as long as it was meant to be. */
  contentSent(): void;
}

/**
 * Sends what streams have to say, within the windows that the other end gives. Streams that wait for room take turns, a frame
 * each.
 */
export class Sender {
  readonly frames: FrameWriter;
  /** The window of the connection. */
  readonly window = new SendWindow(initial.windowBytes);
  /** The content that waits, of all streams, in bytes. */
  queuedBytes = 0;
  /** The same, with what it costs to keep it. */
  heldBytes = 0;
  readonly #output: Output;
  readonly #observer: SenderObserver;
  /** The streams that have content waiting and room in their own window, in the order of their turns. */
  readonly #ready = new Set<Stream>();

  constructor(socket: Duplex, observer: SenderObserver) {
    this.#output = new Output(socket);
    this.frames = new FrameWriter(this.#output);
    this.#observer = observer;
  }

  /** What was written while the socket took nothing. */
  get stalledBytes(): number {
    return this.#output.stalledBytes;
  }

  /** Writes what there is now, and not at the end of the turn. */
  flush(): void {
    this.#output.flush();
  }

  /** Sends a header list, or has it wait behind the content. */
  headers(stream: Stream, headers: HeaderList, end: boolean, recurring: boolean): void {
    stream.endGiven = end;
    if (stream.queuedBytes > 0) {
      stream.trailers = headers;
      return;
    }
    this.frames.headers(stream.id, headers, end, recurring);
    if (end) this.#observer.lastFrameSent(stream);
  }

  /** Sends content as far as there is room. False where some of it waits. */
  data(stream: Stream, bytes: Buffer, end: boolean): boolean {
    stream.endGiven = end;
    // An empty frame needs no window (RFC 9113, section 6.9).
    const fits = bytes.length === 0 || (bytes.length <= payloadBytes && this.#fits(stream, bytes.length));
    if (stream.queuedBytes > 0 || !fits) return this.#wait(stream, bytes);
    this.#observer.contentSent();
    this.#data(stream, bytes, end);
    return true;
  }

  /** Sends a message of gRPC as far as there is room. False where some of it waits. */
  message(stream: Stream, flags: number, message: Uint8Array, end: boolean): boolean {
    const { length } = message;
    const total = prefixBytes + length;
    stream.endGiven = end;
    if (stream.queuedBytes === 0 && total <= copyBelowBytes && this.#fits(stream, total)) {
      this.frames.head(total, frameType.data, end ? flag.endStream : 0, stream.id, total);
      const output = this.#output;
      output.buffer[output.at] = flags;
      output.buffer.writeUInt32BE(length, output.at + 1);
      output.buffer.set(message, output.at + prefixBytes);
      output.at += total;
      this.#observer.contentSent();
      this.#sent(stream, total, end);
      return true;
    }
    const isShort = total <= copyBelowBytes;
    const prefix = Buffer.allocUnsafe(isShort ? total : prefixBytes);
    prefix[0] = flags;
    prefix.writeUInt32BE(length, 1);
    if (isShort) {
      prefix.set(message, prefixBytes);
      return this.data(stream, prefix, end);
    }
    const sent = this.data(stream, prefix, false);
    return this.data(stream, Buffer.from(message.buffer, message.byteOffset, length), end) && sent;
  }

  /** Takes note that the window of a stream has grown. */
  opened(stream: Stream): void {
    if (stream.queuedBytes > 0 && stream.sendWindow.bytes > 0) this.#ready.add(stream);
  }

  /** Sends of the streams that wait what there is room for now. */
  pump(): void {
    // A stream that has had its turn goes to the end of the set, where this loop meets it again.
    for (const stream of this.#ready) {
      if (this.#output.blocked || this.window.bytes <= 0) return;
      this.#ready.delete(stream);
      this.#turn(stream);
      if (stream.queuedBytes === 0) this.#emptied(stream);
      else this.opened(stream);
    }
  }

  /** Forgets what waits of a stream that is over. */
  drop(stream: Stream): void {
    const { queue } = stream;
    if (!queue) return;
    this.#ready.delete(stream);
    this.queuedBytes -= stream.queuedBytes;
    this.heldBytes -= stream.queuedBytes + queue.length * bounds.pieceBytes;
    stream.queuedBytes = 0;
    stream.queue = undefined;
    stream.trailers = undefined;
  }

  /** Takes note that the socket has room again. */
  drained(): void {
    this.#output.drained();
    this.pump();
  }

  #fits(stream: Stream, bytes: number): boolean {
    if (this.#output.blocked || this.#ready.size > 0) return false;
    return bytes <= stream.sendWindow.bytes && bytes <= this.window.bytes;
  }

  #wait(stream: Stream, bytes: Buffer): boolean {
    if (bytes.length > 0) {
      stream.queue ??= new SendQueue();
      const isNew = stream.queue.push(bytes);
      stream.queuedBytes += bytes.length;
      this.queuedBytes += bytes.length;
      this.heldBytes += bytes.length + (isNew ? bounds.pieceBytes : 0);
    }
    if (this.#ready.size === 0) while (stream.queuedBytes > 0 && !this.#output.blocked && this.#turn(stream) > 0);
    if (stream.queuedBytes === 0) return true;
    this.opened(stream);
    stream.wantsRoom = true;
    return false;
  }

  /** Sends a frame of what a stream has waiting, as far as there is room. Gives how much that was. */
  #turn(stream: Stream): number {
    const queue = stream.queue as SendQueue;
    const first = queue.firstBytes;
    const length = Math.min(first, stream.sendWindow.bytes, this.window.bytes, payloadBytes);
    if (length <= 0) return 0;
    const bytes = queue.take(length);
    stream.queuedBytes -= length;
    this.queuedBytes -= length;
    this.heldBytes -= length + (length === first ? bounds.pieceBytes : 0);
    // A peer that gives a byte of window at a time gets nothing for the frames that it causes.
    if (length === first || length === payloadBytes) this.#observer.contentSent();
    this.#data(stream, bytes, stream.queuedBytes === 0 && stream.endGiven && stream.trailers === undefined);
    return length;
  }

  #emptied(stream: Stream): void {
    const { trailers } = stream;
    if (trailers) {
      stream.trailers = undefined;
      this.headers(stream, trailers, stream.endGiven, false);
    }
    if (!stream.wantsRoom || stream.closed) return;
    stream.wantsRoom = false;
    stream.handler.onRoom();
  }

  #data(stream: Stream, bytes: Buffer, end: boolean): void {
    const { length } = bytes;
    const flags = end ? flag.endStream : 0;
    if (length < copyBelowBytes) this.frames.frame(frameType.data, flags, stream.id, bytes);
    else {
      this.frames.head(length, frameType.data, flags, stream.id, 0);
      this.#output.pass(bytes);
    }
    this.#sent(stream, length, end);
  }

  #sent(stream: Stream, bytes: number, end: boolean): void {
    stream.sendWindow.bytes -= bytes;
    this.window.bytes -= bytes;
    if (end) this.#observer.lastFrameSent(stream);
  }
}
