import type { PeerLoad } from "../admission/peer-load.js";
import { bytesOfAFrame, frameBytes, framesOfAnyMessage, headLength, type MeterFault } from "./request-meter.js";

/**
 * Measures the request of a call that has one message. Its bytes are counted and not looked at: whatever its head says, there
 * are no more of them than one message may have.
 */
export class SingleRequestMeter {
  #load: PeerLoad;
  /** The longest message, in bytes. */
  readonly #maximumBytes: number;
  /** The most that one bot may have under way, in bytes. */
  readonly #bytesPerPeer: number;
  #held = 0;
  #frames = 0;
  #bytes = 0;

  constructor(load: PeerLoad, maximumBytes: number, bytesPerPeer: number) {
    this.#load = load;
    this.#maximumBytes = maximumBytes;
    this.#bytesPerPeer = bytesPerPeer;
  }

  /** Has what is held, and what comes, count for another bot. */
  charge(load: PeerLoad): void {
    this.#load.bytes -= this.#held;
    load.bytes += this.#held;
    this.#load = load;
  }

  /** Counts a frame of `length` bytes that has arrived, read or not. Gives what is wrong, if anything is. */
  received(length: number): MeterFault | undefined {
    const cost = length + frameBytes;
    this.#held += cost;
    this.#load.bytes += cost;
    this.#frames++;
    this.#bytes += length;
    if (this.#bytes > this.#maximumBytes + headLength) return "REQUEST_TOO_LARGE";
    if (this.#frames > framesOfAnyMessage + this.#bytes / bytesOfAFrame) return "REQUEST_IN_PIECES";
    return this.#load.bytes > this.#bytesPerPeer ? "REQUEST_BYTES_LIMIT" : undefined;
  }

  /** Gives back everything: a handler has taken the message, or the call has ended. */
  close(): void {
    this.#load.bytes -= this.#held;
    this.#held = 0;
  }
}
