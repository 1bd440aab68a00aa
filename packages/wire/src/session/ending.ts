import type { Duplex } from "node:stream";
import { errorCode } from "../frame/error-code.js";
import { frameType, maximumInteger } from "../frame/kinds.js";
import { bounds, type Limits } from "../limits/limits.js";
import type { Sender } from "../send/sender.js";
import type { ConnectionEnd } from "./connection-handler.js";
import type { Pings } from "./pings.js";
import type { Streams } from "./streams.js";

/** What the end of a connection needs of it. */
export interface EndingOwner {
  readonly isServer: boolean;
  readonly limits: Limits;
  readonly sender: Sender;
  readonly streams: Streams;
  readonly pings: Pings;
  readonly socket: Duplex;
  /** Takes note that nothing more is read. */
  isOver(): void;
}

/**
 * How a connection ends: it closes, when it takes no new streams; it is over, when nothing is read any more; then the socket
 * closes.
 */
export class Ending {
  /** Whether no new streams are taken: one end has said so. */
  closing = false;
  /** Whether it is over: what comes is not read any more. */
  over = false;
  readonly #owner: EndingOwner;
  /** Whether a server has said that it will take no new streams, and takes them until the other end knows. */
  #announcing = false;
  #told = false;
  #end: ConnectionEnd = { code: errorCode.noError, message: "", by: "local" };
  #known = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(owner: EndingOwner) {
    this.#owner = owner;
  }

  /** How it ended: by what came first, unless an error has followed. */
  get end(): ConnectionEnd {
    return this.#end;
  }

  /** Takes note of what ends the connection, or will. */
  note(end: ConnectionEnd): void {
    const first = this.#end;
    if (this.#known && (first.code !== errorCode.noError || end.code === errorCode.noError)) {
      // What a handler has thrown is not lost, whatever else has ended the connection.
      if ("error" in end && !("error" in first)) this.#end = { ...first, error: end.error };
      return;
    }
    this.#known = true;
    this.#end = end;
  }

  /** Takes no new streams, and ends once the open ones have ended. */
  close(): void {
    if (this.closing || this.over) return;
    this.note({ code: errorCode.noError, message: "", by: "local" });
    this.closing = true;
    const { isServer, pings, sender } = this.#owner;
    if (!isServer) {
      this.ifDone();
      return;
    }
    this.#announcing = true;
    this.#tell(maximumInteger, errorCode.noError, "");
    const settle = () => this.#settle();
    // What the other end had sent before it read the first GOAWAY has come when its answer to a ping comes.
    pings.send(sender.frames, settle);
    this.#after(bounds.lingerMs, settle);
  }

  /** Ends with a GOAWAY at once. */
  goAway(end: ConnectionEnd): void {
    if (this.over) return;
    this.note(end);
    this.#tell(this.#owner.streams.ids.lastOfPeer, end.code, end.message);
    this.#hangUp();
  }

  /** The other end takes no new streams. */
  peerCloses(code: number, message: string): void {
    this.note({ code, message, by: "peer" });
    this.closing = true;
  }

  /** The other end has closed its side of the socket. */
  peerClosed(): void {
    if (this.over) return;
    this.note({ code: errorCode.noError, message: "the other end has closed the connection", by: "peer" });
    this.#hangUp();
  }

  /** Ends at once, without a word. */
  destroy(): void {
    this.note({ code: errorCode.noError, message: "", by: "local" });
    this.over = true;
    this.#owner.isOver();
    this.#owner.socket.destroy();
  }

  /** The socket has closed. */
  closed(): void {
    this.over = true;
    clearTimeout(this.#timer);
    this.#owner.isOver();
    this.#loseAll();
  }

  /** Ends, if it closes and no stream is left. */
  ifDone(): void {
    const { streams, sender, socket, limits } = this.#owner;
    if (!this.closing || this.#announcing || this.over || streams.size > 0) return;
    if (!this.#told) this.#tell(streams.ids.lastOfPeer, errorCode.noError, "");
    this.over = true;
    this.#owner.isOver();
    sender.flush();
    // The last answers may still be on their way out.
    this.#after(limits.closingMs, () => socket.destroy());
    socket.end(() => {
      if (!socket.destroyed) this.#after(bounds.lingerMs, () => socket.destroy());
    });
  }

  #settle(): void {
    if (!this.#announcing || this.over) return;
    this.#announcing = false;
    clearTimeout(this.#timer);
    const { streams } = this.#owner;
    streams.lastServedId = streams.ids.lastOfPeer;
    this.#tell(streams.lastServedId, errorCode.noError, "");
    this.ifDone();
  }

  #hangUp(): void {
    this.over = true;
    const { sender, socket } = this.#owner;
    this.#owner.isOver();
    sender.flush();
    socket.end();
    this.#after(bounds.lingerMs, () => socket.destroy());
    this.#loseAll();
  }

  #loseAll(): void {
    const { code } = this.#end;
    const failed = this.#owner.streams.loseAbove(0, { code, cause: "connection", unprocessed: false });
    if (failed) this.note(handlerFailed(failed.thrown));
  }

  #tell(lastId: number, code: number, message: string): void {
    this.#told = true;
    const text = Buffer.from(message).subarray(0, bounds.goAwayTextBytes);
    const payload = Buffer.alloc(8 + text.length);
    payload.writeUInt32BE(lastId, 0);
    payload.writeUInt32BE(code, 4);
    text.copy(payload, 8);
    this.#owner.sender.frames.frame(frameType.goaway, 0, 0, payload);
  }

  #after(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms).unref();
  }
}

/** The end of a connection whose handler has thrown. */
export function handlerFailed(error: unknown): ConnectionEnd {
  return { code: errorCode.internalError, message: "a handler has thrown", by: "local", error };
}
