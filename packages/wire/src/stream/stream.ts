import type { HeaderList } from "../header-list.js";
import type { DecodedBlock } from "../hpack/decoder.js";
import { ReceiveWindow, SendWindow } from "../limits/flow-control.js";
import type { SendQueue } from "./send-queue.js";

/** Why a stream has ended before its end. */
export interface Reset {
  /** The error code (RFC 9113, section 7). */
  readonly code: number;
  /** The other end has reset it; or has made a fault, for which it was reset here; or the connection has ended. */
  readonly cause: "peer" | "fault" | "connection";
  /** Whether the other end has said that it has not looked at the request: it can be sent again (RFC 9113, section 8.7). */
  readonly unprocessed: boolean;
}

/**
 * Takes what a stream brings. Its methods may do anything with the stream and with the connection. One that throws ends the
 * connection (`ConnectionEnd.error`): nobody knows what it has left undone.
 */
export interface StreamHandler {
  /** Takes the header list of an interim response (RFC 9110, section 15.2): the final one follows. Absent: they are dropped. */
  onInterim?(block: DecodedBlock): void;
  /** Takes the header list of a response, or trailers. With `end`, nothing follows. */
  onHeaders(block: DecodedBlock, end: boolean): void;
  /** Takes content. It is a part of what the socket gave: who keeps it keeps all of that. With `end`, nothing follows. */
  onData(bytes: Buffer, end: boolean): void;
  /** Takes note that the stream is over before its end. Nothing follows. */
  onReset(reset: Reset): void;
  /** Takes note that all content has left the queue, after `sendData` or `sendMessage` gave false. */
  onRoom(): void;
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  sendHeaders(stream: Stream, headers: HeaderList, end: boolean, recurring: boolean): void;
  sendData(stream: Stream, bytes: Buffer, end: boolean): boolean;
  sendMessage(stream: Stream, flags: number, message: Uint8Array, end: boolean): boolean;
  resetStream(stream: Stream, code: number): void;
  creditStream(stream: Stream, bytes: number): void;
  extendStream(stream: Stream, bytes: number): void;
}

/** The windows of a new stream. */
export interface StreamWindows {
  readonly send: number;
  readonly receive: number;
  readonly receiveSlack: number;
}

/**
 * A stream (RFC 9113, section 5.1). Two flags are its whole state: an open one has neither end, a half-closed one has one, a
 * closed one both; idle and reserved streams do not exist here.
 */
export class Stream {
  readonly id: number;
  handler: StreamHandler;
  /** Whether this end has given its last frame, which may wait. What is given after it is dropped. */
  endGiven = false;
  /** Whether the last frame of this end has been written. */
  localEnded = false;
  /** Whether the last frame of the other end has come. */
  remoteEnded = false;
  /** Whether it is over: ended at both sides, or reset. */
  closed = false;
  /** Why it ended before its end. */
  lost: Reset | undefined;
  /** Whether the final header list of the other end has come: what follows are trailers. */
  headed = false;
  /** How much content is still to come, where the other end has said it; -1 where it has not. */
  contentLeft = -1;
  readonly sendWindow: SendWindow;
  readonly receiveWindow: ReceiveWindow;
  /** Content that waits for room, and how many bytes it has. */
  queue: SendQueue | undefined;
  queuedBytes = 0;
  /** What follows the queue. */
  trailers: HeaderList | undefined;
  /** Whether the handler waits for room. */
  wantsRoom = false;
  /** Whether a reset without an error follows the queue. */
  resetQueued = false;
  readonly #owner: StreamOwner;

  constructor(id: number, owner: StreamOwner, handler: StreamHandler, windows: StreamWindows) {
    this.id = id;
    this.#owner = owner;
    this.handler = handler;
    this.sendWindow = new SendWindow(windows.send);
    this.receiveWindow = new ReceiveWindow(windows.receive, windows.receive, windows.receiveSlack);
  }

  /**
   * Sends a header list: at the start, or as trailers with `end`. Trailers wait until the content has been sent.
   *
   * @param recurring - Whether this very object will be sent again, so that its encoding is worth keeping.
   */
  sendHeaders(headers: HeaderList, end: boolean, recurring = false): void {
    this.#owner.sendHeaders(this, headers, end, recurring);
  }

  /**
   * Sends content, which nobody may change any more. False where it has to wait: `onRoom` follows. A stream that would make too
   * much wait is reset instead: `onReset` comes before this returns.
   */
  sendData(bytes: Buffer, end: boolean): boolean {
    return this.#owner.sendData(this, bytes, end);
  }

  /** Sends a message of gRPC with its prefix, as `sendData` does. `flags` is 1 where it is compressed, else 0. */
  sendMessage(flags: number, message: Uint8Array, end: boolean): boolean {
    return this.#owner.sendMessage(this, flags, message, end);
  }

  /**
   * Ends the stream at once, in both directions. What is queued is dropped. The handler hears nothing more.
   *
   * A server that resets with NO_ERROR after its last frame asks the client to send no more (RFC 9113, section 8.1): what is queued
   * goes out first.
   */
  reset(code: number): void {
    this.#owner.resetStream(this, code);
  }

  /** Says that content has been dealt with: the other end may send as much again. */
  consumed(bytes: number): void {
    this.#owner.creditStream(this, bytes);
  }

  /**
   * Says that so many more bytes are awaited, the rest of a message for example: the other end may send them at once, whatever the
   * size of the window. A long message then takes one round trip, and not one for each window.
   */
  expect(bytes: number): void {
    this.#owner.extendStream(this, bytes);
  }
}

/** Takes what a stream brings of which nobody hears: one that has not been looked at yet, or is only being sent. */
export const nobody: StreamHandler = { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
