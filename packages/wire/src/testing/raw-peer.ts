import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { errorCode } from "../frame/error-code.js";
import { frameType } from "../frame/kinds.js";

/** A frame, as a {@link RawPeer} has read it. */
export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** How a connection ended: with the code of a GOAWAY, or without one. */
export interface RawEnd {
  readonly code: number | undefined;
  readonly text: string;
}

/** The other end of a connection, which sends whatever a test wants, and reads frames. It answers nothing by itself. */
export class RawPeer {
  readonly socket: Duplex;
  /** What has come, and has not been asked for. */
  readonly frames: RawFrame[] = [];
  /** How many frames have come of each type. */
  readonly counts: number[] = [];
  /** Resolves when the socket has closed. */
  readonly ended: Promise<RawEnd>;
  #rest: Buffer = Buffer.alloc(0);
  #keep = true;
  #closed = false;
  #end: RawEnd = { code: undefined, text: "" };
  readonly #waiting: { matches(frame: RawFrame): boolean; take(frame: RawFrame): void; fail(error: Error): void }[] =
    [];

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => {});
    this.ended = new Promise((resolve) => {
      socket.on("close", () => {
        this.#closed = true;
        for (const { fail } of this.#waiting) fail(new Error("the connection has ended"));
        resolve(this.#end);
      });
    });
  }

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new RawPeer(socket);
  }

  send(...frames: readonly Uint8Array[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** Sends, and waits until the socket has taken it. */
  async sendAll(bytes: Uint8Array): Promise<void> {
    if (!this.socket.writable || this.socket.write(bytes)) return;
    // Not `once` of node:events, which rejects when the socket fails: that it has ended is for the test to judge.
    await Promise.race([new Promise((resolve) => this.socket.once("drain", resolve)), this.ended]);
  }

  /** Forgets the frames that come, and only counts them. */
  ignore(): void {
    this.#keep = false;
    this.frames.length = 0;
  }

  /** Reads nothing any more. */
  stopReading(): void {
    this.socket.pause();
  }

  /** Gives the next frame that matches. Those before it stay. */
  next(matches: (frame: RawFrame) => boolean): Promise<RawFrame> {
    const at = this.frames.findIndex(matches);
    if (at >= 0) return Promise.resolve(this.frames.splice(at, 1)[0] as RawFrame);
    if (this.#closed) return Promise.reject(new Error("the connection has ended"));
    return new Promise((take, fail) => {
      this.#waiting.push({ matches, take, fail });
    });
  }

  /** Gives the next frame of a type, and of a stream. */
  nextOf(type: number, streamId?: number): Promise<RawFrame> {
    return this.next((frame) => frame.type === type && (streamId === undefined || frame.streamId === streamId));
  }

  destroy(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (bytes.length >= 9) {
      const length = bytes.readUIntBE(0, 3);
      if (bytes.length < 9 + length) break;
      this.#take({
        type: bytes[3] as number,
        flags: bytes[4] as number,
        streamId: bytes.readUInt32BE(5),
        payload: bytes.subarray(9, 9 + length),
      });
      bytes = bytes.subarray(9 + length);
    }
    this.#rest = bytes;
  }

  #take(frame: RawFrame): void {
    this.counts[frame.type] = (this.counts[frame.type] ?? 0) + 1;
    if (frame.type === frameType.goaway) {
      const code = frame.payload.readUInt32BE(4);
      if (!this.#end.code) this.#end = { code, text: frame.payload.toString("utf8", 8) };
    }
    const at = this.#waiting.findIndex(({ matches }) => matches(frame));
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.take(frame);
    else if (this.#keep) this.frames.push(frame);
  }
}

/** The name of an error code, for messages of tests. */
export function nameOf(code: number | undefined): string {
  return Object.entries(errorCode).find(([, value]) => value === code)?.[0] ?? String(code);
}
