import type { DecodedBlock } from "../hpack/decoder.js";
import type { Limits } from "../limits/limits.js";
import type { Stream, StreamHandler } from "../stream/stream.js";
import type { Turns } from "./turns.js";

/** Takes what happens on a connection. A method that throws ends the connection (`ConnectionEnd.error`). */
export interface ConnectionHandler {
  /**
   * Takes a request that has come to a server, and gives what takes the rest of it. Its header list is absent where it was larger
   * than the limits. With `end`, nothing follows.
   */
  onStream?(stream: Stream, request: DecodedBlock | undefined, end: boolean): StreamHandler;
  /**
   * Takes note that a client may open more streams, or fewer: streams have ended, the settings or a GOAWAY have come. It comes
   * once for all that has happened in one go, and never from within another call.
   */
  onCapacity?(): void;
  /** Takes note that the connection has ended, after all its streams have been told. It comes once. */
  onClose?(end: ConnectionEnd): void;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** The error code of the GOAWAY, of either end, that ended it; NO_ERROR where there was none. */
  readonly code: number;
  /** What the other end did wrong, or has told; empty where nothing is known. A text of the other end may have any characters. */
  readonly message: string;
  /**
   * Who ended it: `local` is this program, by `close`, `goAway`, `destroy`, or by a handler that threw; `fault` is this end, because
   * the other end broke the protocol or a bound; `peer` is the other end, by GOAWAY or by closing the socket; `network` is an
   * error of the socket.
   */
  readonly by: "local" | "fault" | "peer" | "network";
  /** What a handler has thrown. Where there is no `onClose` to take it, it is thrown again, as an uncaught exception. */
  readonly error?: unknown;
}

/** How a connection is made. */
export interface ConnectionOptions {
  /** Bounds other than the defaults. */
  readonly limits?: Partial<Limits> | undefined;
  /** What the connections of one peer share, so that it has no more of a turn with many of them. Default: one of its own. */
  readonly turns?: Turns | undefined;
  /** A clock that nobody sets, in milliseconds. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
}
