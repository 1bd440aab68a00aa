import { maximumInteger } from "../frame/kinds.js";

/** Which ids of streams have been used (RFC 9113, section 5.1.1). */
export class StreamIds {
  readonly #isServer: boolean;
  #next: number;
  /** The highest id of a stream that the other end has opened. */
  lastOfPeer = 0;

  /** @param next - The first id that is taken. Default: the first one there is. */
  constructor(isServer: boolean, next = isServer ? 2 : 1) {
    this.#isServer = isServer;
    this.#next = next;
  }

  /** Whether there is no id left for a stream of this end. */
  get usedUp(): boolean {
    return this.#next > maximumInteger;
  }

  /** Takes an id for a stream of this end. */
  take(): number {
    const id = this.#next;
    this.#next += 2;
    return id;
  }

  /** Whether an id is one of the other end. */
  isOfPeer(id: number): boolean {
    return (id & 1) === (this.#isServer ? 1 : 0);
  }

  /** Whether a stream of this id has never existed. */
  isIdle(id: number): boolean {
    return this.isOfPeer(id) ? id > this.lastOfPeer : id >= this.#next;
  }
}
