import type { PeerLoad } from "../admission/peer-load.js";

/**
 * What a frame takes in memory besides its bytes: a `Buffer`, and its place in two lists. A message that comes byte by byte
 * takes a hundred times its length, so frames are counted, too.
 */
export const frameBytes = 128;
/**
 * How many frames a message may come in: 64, and one for every 256 bytes. Clients send 16 KiB in a frame; each frame costs
 * several microseconds, however short it is.
 */
export const framesOfAnyMessage = 64;
export const bytesOfAFrame = 256;
/** What a message takes besides its bytes, until its handler takes it: a message of no bytes is an object all the same. */
const messageBytes = 256;
/** A flag, and a length of four bytes, before every message. */
export const headLength = 5;

/** What is wrong with the bytes of a request. */
export type MeterFault = "REQUEST_TOO_LARGE" | "REQUEST_BYTES_LIMIT" | "REQUEST_IN_PIECES";

/**
 * Measures the request of a call with any number of messages: which bytes have arrived, and are held until a handler has taken them. It knows the
 * messages by their heads and looks at nothing else.
 */
export class RequestMeter {
  #load: PeerLoad;
  /** The longest message, in bytes. */
  readonly #maximumBytes: number;
  /** The most that one bot may have under way, in bytes. */
  readonly #bytesPerPeer: number;
  /** What is held in all: the message that is unfinished, and those that wait. */
  #held = 0;
  #partial = 0;
  #waiting = 0;
  /** The frames, and the bytes, of the message that has begun. */
  #frames = 0;
  #bytes = 0;
  #headLeft = headLength;
  #length = 0;
  #bodyLeft = 0;
  #closed = false;

  constructor(load: PeerLoad, maximumBytes: number, bytesPerPeer: number) {
    this.#load = load;
    this.#maximumBytes = maximumBytes;
    this.#bytesPerPeer = bytesPerPeer;
  }

  /** Whether a message has begun, and not ended. */
  get unfinished(): boolean {
    return this.#partial > 0;
  }

  /** Whether every whole message has been taken by a handler. */
  get waitsForPeer(): boolean {
    return this.#waiting === 0;
  }

  /** Has what is held, and what comes, count for another bot. */
  charge(load: PeerLoad): void {
    this.#load.bytes -= this.#held;
    load.bytes += this.#held;
    this.#load = load;
  }

  /** Counts a frame that has arrived, read or not. Gives what is wrong, if anything is. */
  received(chunk: Uint8Array): MeterFault | undefined {
    if (this.#closed) return undefined;
    this.#hold(chunk.length + frameBytes);
    this.#partial += frameBytes;
    this.#frames++;
    let at = 0;
    while (at < chunk.length) {
      const from = at;
      while (this.#headLeft > 0 && at < chunk.length) {
        const byte = chunk[at++] as number;
        if (this.#headLeft-- < headLength) this.#length = this.#length * 256 + byte;
        if (this.#headLeft === 0) this.#bodyLeft = this.#length;
      }
      if (this.#headLeft === 0) {
        if (this.#length > this.#maximumBytes) return "REQUEST_TOO_LARGE";
        const taken = Math.min(this.#bodyLeft, chunk.length - at);
        at += taken;
        this.#bodyLeft -= taken;
      }
      this.#partial += at - from;
      this.#bytes += at - from;
      if (this.#headLeft === 0 && this.#bodyLeft === 0) this.#finish();
    }
    if (this.#frames > framesOfAnyMessage + this.#bytes / bytesOfAFrame) return "REQUEST_IN_PIECES";
    return this.#overBytes();
  }

  #overBytes(): MeterFault | undefined {
    return this.#load.bytes > this.#bytesPerPeer ? "REQUEST_BYTES_LIMIT" : undefined;
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    this.#load.bytes += bytes;
  }

  #finish(): void {
    this.#hold(messageBytes);
    this.#partial = 0;
    this.#waiting++;
    this.#frames = 0;
    this.#bytes = 0;
    this.#headLeft = headLength;
    this.#length = 0;
  }

  /**
   * Says that a handler has taken a message. The messages that wait are taken for equally large: together they are counted
   * exactly, and a list of them would cost every call.
   */
  delivered(): void {
    if (this.#waiting === 0) return;
    this.#release(Math.ceil((this.#held - this.#partial) / this.#waiting));
    this.#waiting--;
  }

  /** Gives back everything: the call has ended. */
  close(): void {
    this.#closed = true;
    this.#release(this.#held);
    this.#partial = 0;
    this.#waiting = 0;
  }

  #release(bytes: number): void {
    this.#held -= bytes;
    this.#load.bytes -= bytes;
  }
}
