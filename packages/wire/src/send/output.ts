import type { Duplex } from "node:stream";
import { bounds } from "../limits/limits.js";
import { returnSlab, slabBytes, smallSlabBytes, takeSlab } from "./slabs.js";

/** From this length on, a buffer is handed to the socket as it is: to copy it would cost more than a write of its own. */
export const copyBelowBytes = 8_192;

/** What waits in the socket before what can wait waits here, where streams take turns. */
const enoughBytes = 4 * slabBytes;

/**
 * The part of a slab that is filled at least where it waits in the socket: a peer that does not read would hold a slab with each
 * short frame otherwise.
 */
const worthASlab = 1 / 4;

const due: Output[] = [];

function flushAll(): void {
  for (const output of due.splice(0)) output.flush();
}

/**
 * What is to be written to a socket: frames are written into one buffer, and what has come together in one turn of the event
 * loop is one write.
 *
 * Writers call `reserve`, fill `buffer` from `at` on, and advance `at`.
 */
export class Output {
  /** The buffer to write in, after `reserve`. */
  buffer: Buffer = empty;
  /** Where to write. */
  at = 0;
  /** What was written since the socket had enough to do, in bytes of memory: it is held until the other end reads. */
  stalledBytes = 0;
  readonly #socket: Duplex;
  #due = false;
  /** Whether a small slab did not do in the last turn. */
  #isBusy = false;
  #corked = false;
  #blocked: boolean;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#blocked = socket.writableNeedDrain;
  }

  /** Whether the socket has enough to do: what can wait, waits for its event `drain`. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Takes note that the socket has room again. */
  drained(): void {
    this.#blocked = false;
    this.stalledBytes = 0;
  }

  /** Makes room for `bytes`, at most {@link slabBytes}, which will be written in this turn. */
  reserve(bytes: number): void {
    if (this.buffer.length - this.at < bytes) {
      this.#isBusy ||= this.buffer !== empty || bytes > smallSlabBytes;
      this.#writeBuffer();
      this.buffer = takeSlab(this.#isBusy);
    }
    if (!this.#due) this.#becomeDue();
  }

  /** Writes a buffer that nobody changes any more, behind all that was written before. */
  pass(bytes: Buffer): void {
    if (!this.#corked) {
      this.#socket.cork();
      this.#corked = true;
    }
    if (!this.#due) this.#becomeDue();
    this.#writeBuffer();
    this.#write(bytes);
  }

  /** Hands what there is to the socket now. */
  flush(): void {
    this.#due = false;
    if (this.buffer.length === slabBytes) this.#isBusy = this.at > smallSlabBytes;
    this.#writeBuffer();
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  #becomeDue(): void {
    this.#due = true;
    due.push(this);
    if (due.length === 1) setImmediate(flushAll);
  }

  #writeBuffer(): void {
    const { buffer, at } = this;
    if (buffer === empty) return;
    this.buffer = empty;
    this.at = 0;
    const socket = this.#socket;
    if (at > 0 && socket.writable) {
      if (socket.writableLength === 0 || at >= worthASlab * buffer.length) {
        this.#write(buffer.subarray(0, at), () => returnSlab(buffer));
        return;
      }
      this.#write(Buffer.from(buffer.subarray(0, at)));
    }
    returnSlab(buffer);
  }

  #write(bytes: Buffer, written?: () => void): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (this.#blocked) this.stalledBytes += bytes.length + bounds.pieceBytes;
    // Where `write` gives false, the event `drain` follows.
    if (!socket.write(bytes, written) && socket.writableLength >= enoughBytes) this.#blocked = true;
  }
}

const empty = Buffer.alloc(0);
