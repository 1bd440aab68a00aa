import { frameType } from "../frame/kinds.js";
import { bounds } from "../limits/limits.js";
import type { FrameWriter } from "../send/frame-writer.js";

interface Ping {
  readonly number: number;
  answered(): void;
}

/** The pings of this end that are under way (RFC 9113, section 6.7). */
export class Pings {
  readonly #waiting: Ping[] = [];
  #sent = 0;

  /** Sends one, unless too many are under way. */
  send(frames: FrameWriter, answered: () => void): void {
    if (this.#waiting.length >= bounds.pings) return;
    this.#sent = (this.#sent + 1) % 2 ** 32;
    this.#waiting.push({ number: this.#sent, answered });
    frames.numbers(frameType.ping, 0, 0, 0, this.#sent);
  }

  /** Takes an answer, which is ignored where it is not that to the oldest one. */
  answer(payload: Buffer, from: number): void {
    const [first] = this.#waiting;
    if (!first || payload.readUInt32BE(from) !== 0 || payload.readUInt32BE(from + 4) !== first.number) return;
    this.#waiting.shift();
    first.answered();
  }
}
