import { errorCode } from "../frame/error-code.js";
import { frameType, initial } from "../frame/kinds.js";
import type { HeaderList } from "../header-list.js";
import type { Floods } from "../limits/floods.js";
import { bounds, type Limits } from "../limits/limits.js";
import type { Sender } from "../send/sender.js";
import { RecentIds } from "../stream/recent-ids.js";
import { nobody, type Reset, Stream, type StreamHandler, type StreamOwner } from "../stream/stream.js";
import { StreamIds } from "../stream/stream-ids.js";
import { StreamTable } from "./stream-table.js";

/** What the streams of a connection need of it. */
export interface StreamsOwner {
  readonly isServer: boolean;
  readonly limits: Limits;
  readonly sender: Sender;
  readonly floods: Floods;
  /** Takes note that a stream has ended. Nothing is told from within. */
  streamGone(): void;
}

/** The streams of a connection: which there are, and how each begins and ends. */
export class Streams implements StreamOwner {
  readonly ids: StreamIds;
  /** The streams that were reset here, and of which frames may still be on their way. */
  readonly recentlyReset = new RecentIds(bounds.recentResets);
  /** The highest id of a stream of the other end that is served: those above it come too late. */
  lastServedId = Number.POSITIVE_INFINITY;
  /** How much more than its window a new stream takes: the other end does not know the window yet. */
  receiveSlack: number;
  #sendWindowBytes: number = initial.windowBytes;
  readonly #open = new StreamTable();
  readonly #owner: StreamsOwner;

  constructor(owner: StreamsOwner) {
    this.#owner = owner;
    this.ids = new StreamIds(owner.isServer);
    this.receiveSlack = owner.isServer ? Math.max(0, initial.windowBytes - owner.limits.streamWindowBytes) : 0;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  add(id: number, handler: StreamHandler): Stream {
    const { limits } = this.#owner;
    const receive = limits.streamWindowBytes;
    const stream = new Stream(id, this, handler, {
      send: this.#sendWindowBytes,
      receive,
      receiveSlack: this.receiveSlack,
    });
    this.#open.add(stream);
    return stream;
  }

  /**
   * Takes the other end's initial window, which changes the windows of the open streams, too (RFC 9113, section 6.9.2). False
   * where one becomes too large.
   */
  setSendWindow(bytes: number): boolean {
    const change = bytes - this.#sendWindowBytes;
    if (change === 0) return true;
    this.#sendWindowBytes = bytes;
    for (const stream of this.#open.all()) {
      if (!stream.sendWindow.add(change)) return false;
      this.#owner.sender.opened(stream);
    }
    return true;
  }

  // How streams end.

  /** The last frame of a stream has been written. */
  lastFrameSent(stream: Stream): void {
    stream.localEnded = true;
    if (stream.remoteEnded) this.#remove(stream);
    else if (stream.resetQueued) this.#sendReset(stream, errorCode.noError);
  }

  /** The last frame of a stream has come. */
  remoteEnded(stream: Stream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.#remove(stream);
  }

  /** Ends a stream because of a fault of the other end in it (RFC 9113, section 5.4.2). */
  fault(stream: Stream, code: number): void {
    if (this.#owner.isServer) this.#owner.floods.reset();
    this.#abandon(stream, code);
  }

  /** Does not take a stream of the other end, which has not been looked at: it can be sent again. */
  refuse(id: number, end: boolean): void {
    this.#owner.floods.reset();
    if (!end) this.recentlyReset.add(id);
    this.#owner.sender.frames.numbers(frameType.rstStream, 0, id, errorCode.refusedStream);
  }

  /** Ends a stream before its end, and tells its handler. */
  lose(stream: Stream, reset: Reset): void {
    if (stream.closed) return;
    stream.lost = reset;
    this.#remove(stream);
    stream.handler.onReset(reset);
  }

  /** Ends all streams above `lastId`. All are told, whatever a handler throws; gives the first thing that was thrown. */
  loseAbove(lastId: number, reset: Reset): { readonly thrown: unknown } | undefined {
    let first: { readonly thrown: unknown } | undefined;
    for (const stream of this.#open.all()) {
      if (stream.id <= lastId) continue;
      try {
        this.lose(stream, reset);
      } catch (thrown) {
        first ??= { thrown };
      }
    }
    return first;
  }

  #abandon(stream: Stream, code: number): void {
    if (stream.closed) return;
    if (!stream.remoteEnded) this.recentlyReset.add(stream.id);
    this.#owner.sender.frames.numbers(frameType.rstStream, 0, stream.id, code);
    this.lose(stream, { code, cause: "fault", unprocessed: false });
  }

  #sendReset(stream: Stream, code: number): void {
    if (!stream.remoteEnded) this.recentlyReset.add(stream.id);
    this.#owner.sender.frames.numbers(frameType.rstStream, 0, stream.id, code);
    this.#remove(stream);
  }

  #remove(stream: Stream): void {
    stream.closed = true;
    this.#owner.sender.drop(stream);
    this.#open.delete(stream);
    this.#owner.streamGone();
  }

  // What streams ask for.

  sendHeaders(stream: Stream, headers: HeaderList, end: boolean, recurring: boolean): void {
    if (!stream.closed && !stream.endGiven) this.#owner.sender.headers(stream, headers, end, recurring);
  }

  sendData(stream: Stream, bytes: Buffer, end: boolean): boolean {
    if (stream.closed || stream.endGiven) return true;
    return this.#owner.sender.data(stream, bytes, end) || this.#mayWait(stream);
  }

  sendMessage(stream: Stream, flags: number, message: Uint8Array, end: boolean): boolean {
    if (stream.closed || stream.endGiven) return true;
    return this.#owner.sender.message(stream, flags, message, end) || this.#mayWait(stream);
  }

  resetStream(stream: Stream, code: number): void {
    if (stream.closed) return;
    const follows = this.#owner.isServer && code === errorCode.noError && stream.endGiven && !stream.localEnded;
    if (!follows) {
      this.#sendReset(stream, code);
      return;
    }
    stream.resetQueued = true;
    stream.handler = nobody;
  }

  creditStream(stream: Stream, bytes: number): void {
    if (stream.remoteEnded || stream.closed) return;
    this.#updateWindow(stream, stream.receiveWindow.release(bytes));
  }

  extendStream(stream: Stream, bytes: number): void {
    if (stream.remoteEnded || stream.closed) return;
    this.#updateWindow(stream, stream.receiveWindow.expect(bytes));
  }

  #updateWindow(stream: Stream, increment: number): void {
    if (increment > 0) this.#owner.sender.frames.numbers(frameType.windowUpdate, 0, stream.id, increment);
  }

  #mayWait(stream: Stream): false {
    const { sender, limits } = this.#owner;
    if (sender.heldBytes > limits.queuedBytes) this.#abandon(stream, errorCode.enhanceYourCalm);
    return false;
  }
}
