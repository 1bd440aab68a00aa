import type { Duplex } from "node:stream";
import { ConnectionError, errorCode } from "./frame/error-code.js";
import type { Frame } from "./frame/frame.js";
import { FrameReader, type FrameSink } from "./frame/frame-reader.js";
import { initial, preface } from "./frame/kinds.js";
import type { HeaderList } from "./header-list.js";
import { limitsOf } from "./limits/limits.js";
import { receiveFrame } from "./receive/receive-frame.js";
import type { ConnectionHandler, ConnectionOptions } from "./session/connection-handler.js";
import { Session } from "./session/session.js";
import type { Stream, StreamHandler } from "./stream/stream.js";

/** One end of an HTTP/2 connection (RFC 9113). */
export interface Connection {
  /** How many streams are open. */
  readonly streams: number;
  /** How many more streams a client may open now; 0 once the connection ends. */
  readonly capacity: number;
  /** Whether it has ended, or takes no new streams any more: one end has said so, or the ids have run out. */
  readonly ending: boolean;
  /** When something last came from the other end, by `now`. */
  readonly lastReceived: number;
  /** The largest header list that the other end takes, in bytes. */
  readonly peerHeaderListBytes: number;
  /** The content that waits because the other end gives no window or does not read, in bytes. */
  readonly queuedBytes: number;
  /** Opens a stream with a request. The capacity must be above 0. */
  open(request: HeaderList, end: boolean, handler: StreamHandler, recurring?: boolean): Stream;
  /** Asks the other end for a sign of life, and calls `answered` when it comes. Nothing is asked while 16 are under way. */
  ping(answered: () => void): void;
  /**
   * Takes no new streams, and ends the connection once the open ones have ended. A server says so in two steps, so that no
   * request that is on its way is lost (RFC 9113, section 6.8).
   */
  close(): void;
  /** Ends the connection with a GOAWAY, without waiting for its streams, which are told before this returns. */
  goAway(code: number, message?: string): void;
  /** Ends the connection at once, without a word. Its streams are told when the socket has closed. */
  destroy(): void;
}

/**
 * Speaks HTTP/2 as a server, over a socket whose peer has been verified.
 *
 * @example
 * ```ts
 * createServerConnection(socket, {
 *   onStream(stream) {
 *     stream.sendHeaders([":status", "200"], true);
 *     return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
 *   },
 * });
 * ```
 */
export function createServerConnection(
  socket: Duplex,
  handler: ConnectionHandler & Required<Pick<ConnectionHandler, "onStream">>,
  options: ConnectionOptions = {},
): Connection {
  return new Http2Connection(socket, handler, options, true);
}

/**
 * Speaks HTTP/2 as a client, over a socket whose peer has been verified.
 *
 * @example
 * ```ts
 * const connection = createClientConnection(socket, {});
 * connection.open([":method", "POST", ":scheme", "https", ":path", "/"], true, takeAnswer);
 * ```
 */
export function createClientConnection(
  socket: Duplex,
  handler: ConnectionHandler,
  options: ConnectionOptions = {},
): Connection {
  return new Http2Connection(socket, handler, options, false);
}

const nothing = Buffer.alloc(0);
/** What a connection that reads on is counted for at once: it will bring about so much, one piece of TLS or more. */
const resumeBytes = 32 * 1_024;

/** Owns the socket: reads it, and ends it. */
class Http2Connection implements Connection, FrameSink {
  lastReceived: number;
  readonly #session: Session;
  readonly #reader = new FrameReader(initial.frameBytes, this);
  readonly #now: () => number;
  #prefaceBytes: number;
  readonly #socket: Duplex;
  #reading = false;
  /** What has been read, and waits for a later turn of the event loop. The socket is not read meanwhile. */
  #rest: Buffer | undefined;
  #closed = false;

  constructor(socket: Duplex, handler: ConnectionHandler, options: ConnectionOptions, isServer: boolean) {
    const { now = () => performance.now(), turns } = options;
    const session = new Session(socket, handler, { limits: limitsOf(options.limits), now, turns }, isServer);
    this.#session = session;
    this.#socket = socket;
    this.#now = now;
    this.#prefaceBytes = isServer ? 0 : preface.length;
    this.lastReceived = now();
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("drain", () => this.#run(() => session.sender.drained()));
    socket.on("end", () => session.ending.peerClosed());
    socket.on("error", (error) => {
      session.ending.note({ code: errorCode.noError, message: error.message, by: "network" });
    });
    socket.on("close", () => this.#close());
    // A socket that is closed already says nothing any more.
    if (socket.closed) process.nextTick(() => this.#close());
    session.begin();
  }

  get streams(): number {
    return this.#session.streams.size;
  }

  get capacity(): number {
    return this.#session.capacity;
  }

  get ending(): boolean {
    return this.#session.takesNone;
  }

  get peerHeaderListBytes(): number {
    return this.#session.peerHeaderListBytes;
  }

  get queuedBytes(): number {
    return this.#session.sender.queuedBytes;
  }

  open(request: HeaderList, end: boolean, handler: StreamHandler, recurring = false): Stream {
    return this.#session.open(request, end, handler, recurring);
  }

  ping(answered: () => void): void {
    const { ending, pings, sender } = this.#session;
    if (!ending.over) pings.send(sender.frames, answered);
  }

  close(): void {
    this.#session.ending.close();
  }

  goAway(code: number, message = ""): void {
    this.#session.ending.goAway({ code, message, by: "local" });
  }

  destroy(): void {
    this.#session.ending.destroy();
  }

  takeFrame(frame: Frame): boolean {
    const session = this.#session;
    receiveFrame(session, frame);
    return !session.ending.over && !session.turns.full;
  }

  /** Takes what the socket brings, and lets others have their turn when it is much. */
  #take(chunk: Buffer): void {
    const { turns, ending } = this.#session;
    turns.read(chunk.length);
    this.#read(chunk);
    if (turns.full && !this.#rest && !ending.over) this.#readLater(nothing);
  }

  #read(chunk: Buffer): void {
    // A socket in memory may bring something from within a write: it waits for the frame that is being read.
    if (this.#reading) {
      process.nextTick(() => this.#read(chunk));
      return;
    }
    if (this.#rest) {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      return;
    }
    if (this.#session.ending.over) return;
    this.lastReceived = this.#now();
    this.#reading = true;
    this.#run(() => this.#readOn(chunk));
    this.#reading = false;
  }

  #readOn(chunk: Buffer): void {
    const session = this.#session;
    session.checkStalled();
    const frames = this.#prefaceBytes < preface.length ? this.#readPreface(chunk) : chunk;
    if (frames.length === 0) return;
    const rest = this.#reader.read(frames);
    if (rest.length > 0 && !session.ending.over) this.#readLater(rest);
  }

  /** Reads on in a later turn of the event loop. */
  #readLater(rest: Buffer): void {
    this.#rest = rest;
    this.#socket.pause();
    this.#session.turns.wait(() => {
      const { ending, turns } = this.#session;
      const chunk = this.#rest;
      this.#rest = undefined;
      turns.read(resumeBytes); // So that not all that wait read on in the same turn.
      if (chunk && !ending.over) this.#read(chunk);
      if (!this.#rest) this.#socket.resume();
    });
  }

  #readPreface(chunk: Buffer): Buffer {
    const length = Math.min(chunk.length, preface.length - this.#prefaceBytes);
    if (chunk.compare(preface, this.#prefaceBytes, this.#prefaceBytes + length, 0, length) !== 0) {
      throw new ConnectionError(errorCode.protocolError, "the preface is not that of HTTP/2");
    }
    this.#prefaceBytes += length;
    return chunk.subarray(length);
  }

  /** Runs what calls handlers. A fault of the other end, and whatever a handler throws, ends the connection. */
  #run(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#session.fail(error);
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.closed();
  }
}
