import { connect, type Socket } from "node:net";
import { outside, reportHandlerFault } from "@interlock/bot/internal";
import {
  type Connection,
  type ConnectionEnd,
  type ConnectionHandler,
  createClientConnection,
  type HeaderList,
  type Stream,
  type StreamHandler,
} from "@interlock/wire";
import type { CallLink } from "../forward/way.js";
import { formatLocalAddress, type LocalAddress } from "./local-address.js";

/** Takes what becomes of a connection. */
export interface LocalConnectionHandler {
  /** The connection takes calls, or more than before. */
  onCapacity(connection: LocalConnection): void;
  /** The connection takes no calls any more; those on it may go on. `problem` says why it has never taken any. */
  onEnd(connection: LocalConnection, problem: string | undefined): void;
}

/** How long the program may take to begin HTTP/2, in milliseconds. */
const connectMs = 5_000;

/** A connection to the program beside the sidecar: HTTP/2 without TLS, with prior knowledge (RFC 9113, section 3.3), once. */
export class LocalConnection implements CallLink, ConnectionHandler {
  readonly peer: string;
  readonly secure = undefined;
  answers = 0;
  readonly #handler: LocalConnectionHandler;
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #late: NodeJS.Timeout;
  #ready = false;
  #ended = false;
  #problem: string | undefined;

  constructor(address: LocalAddress, handler: LocalConnectionHandler) {
    this.#handler = handler;
    // Clients of gRPC name a Unix socket so.
    this.peer = "path" in address ? "localhost" : formatLocalAddress(address);
    this.#late = setTimeout(() => this.#fail(`it does not begin HTTP/2 within ${connectMs / 1_000} s`), connectMs);
    this.#socket = outside(() => connect("path" in address ? address : { ...address, noDelay: true }));
    this.#socket.on("error", ({ message }) => this.#fail(message));
    // What waits is what callers have sent, whose windows bound it.
    const limits = { queuedBytes: Number.POSITIVE_INFINITY };
    this.#connection = createClientConnection(this.#socket, this, { limits });
  }

  /** How many more calls it takes now. */
  get capacity(): number {
    return this.#ready && !this.#ended ? this.#connection.capacity : 0;
  }

  /** The calls under way on it. */
  get calls(): number {
    return this.#connection.streams;
  }

  open(headers: HeaderList, handler: StreamHandler, recurring: boolean): Stream {
    return this.#connection.open(headers, false, handler, recurring);
  }

  /** Takes no more calls, and ends once those under way have ended. */
  close(): void {
    this.#end();
    if (this.#ready) this.#connection.close();
    else this.destroy();
  }

  /** Ends at once, with the calls under way. */
  destroy(): void {
    this.#fail("the sidecar closes");
  }

  onCapacity(): void {
    if (this.#connection.ending) return void this.#end();
    if (!this.#ready) {
      this.#ready = true;
      clearTimeout(this.#late);
    }
    if (!this.#ended) this.#handler.onCapacity(this);
  }

  onClose({ message, error }: ConnectionEnd): void {
    if (error !== undefined) reportHandlerFault(this.peer, error);
    this.#fail(message === "" ? "it closed the connection before HTTP/2 had begun" : message);
  }

  #fail(problem: string): void {
    this.#problem ??= problem;
    this.#connection?.destroy();
    this.#socket?.destroy();
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#late);
    this.#handler.onEnd(this, this.#ready ? undefined : (this.#problem ?? "it takes no calls"));
  }
}
