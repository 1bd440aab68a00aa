import {
  decompress,
  type EncodingFault,
  type MessageFault,
  MessageReader,
  type MessageSink,
  type Stream,
} from "@interlock/wire";
import { type Deliverer, deliverSoon } from "./delivery.js";

/** A message that has come compressed. */
interface Packed {
  readonly packed: Buffer;
}

/** A message that waits, or what is wrong with it. */
type Waiting = Buffer | Packed | EncodingFault | undefined;

/** The prefix of a message: its flag and its length. */
const prefixBytes = 5;

/** The delivered messages after which the queue is made shorter. */
const compactAt = 256;

/**
 * The messages of a response that have come and have not been delivered. Those hold the window of the stream, so that a reader
 * that takes its time slows the server down, and no more is kept than the window and one message.
 */
export class ResponseMessages implements MessageSink {
  readonly #maximumBytes: number;
  #reader: MessageReader | undefined;
  #queue: Waiting[] = none;
  #at = 0;
  /** What of the window is not given back yet. */
  #uncredited = 0;
  #unpacking = false;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /** The messages that wait. */
  get length(): number {
    return this.#queue.length - this.#at;
  }

  /** Takes content. Gives what is wrong with it, if something is. */
  push(bytes: Buffer): MessageFault | undefined {
    const { length } = bytes;
    this.#uncredited += length;
    if (this.#reader === undefined) {
      const isOneMessage = length >= prefixBytes && bytes[0] === 0 && bytes.readUInt32BE(1) === length - prefixBytes;
      if (isOneMessage && length - prefixBytes <= this.#maximumBytes) {
        this.#add(bytes.subarray(prefixBytes));
        return undefined;
      }
      this.#reader = new MessageReader(this.#maximumBytes);
    }
    return this.#reader.push(bytes, this);
  }

  onMessage(message: Buffer, compressed: boolean): void {
    this.#add(compressed ? { packed: message } : message);
  }

  /** Ends the reading. Gives what is wrong: it may be that a message has not ended. */
  end(): MessageFault | undefined {
    return this.#reader?.end();
  }

  /**
   * Takes the next message: `undefined` where there is none, or it is being decompressed, after which `owner` delivers. A text
   * says what is wrong with it.
   */
  take(stream: Stream | undefined, encoding: string, owner: Deliverer): Buffer | EncodingFault | undefined {
    const next = this.#queue[this.#at];
    if (next === undefined || this.#unpacking) return undefined;
    if (typeof next === "string") return next;
    if ("packed" in next) {
      this.#unpack(next, encoding, owner);
      return undefined;
    }
    this.#queue[this.#at++] = undefined;
    if (this.#at === this.#queue.length) {
      this.#queue = none;
      this.#at = 0;
      this.credit(stream);
    } else if (stream) {
      const bytes = Math.min(this.#uncredited, next.length + prefixBytes);
      this.#uncredited -= bytes;
      stream.consumed(bytes);
      if (this.#at >= compactAt && this.#at * 2 >= this.#queue.length) {
        this.#queue = this.#queue.slice(this.#at);
        this.#at = 0;
      }
    }
    return next;
  }

  /** Gives the window back as far as nothing waits, and makes room for the rest of a message that is not whole. */
  credit(stream: Stream | undefined): void {
    if (this.#uncredited === 0 || this.length > 0) return;
    if (this.#reader !== undefined && this.#reader.missing > 0) stream?.expect(this.#reader.missing);
    stream?.consumed(this.#uncredited);
    this.#uncredited = 0;
  }

  /** Drops what waits. */
  clear(): void {
    this.#queue = none;
    this.#at = 0;
  }

  #add(message: Waiting): void {
    if (this.#queue === none) this.#queue = [message];
    else this.#queue.push(message);
  }

  #unpack(next: Packed, encoding: string, owner: Deliverer): void {
    this.#unpacking = true;
    void decompress(encoding, next.packed, Math.max(1, Math.min(this.#maximumBytes, 2 ** 31))).then((result) => {
      this.#unpacking = false;
      if (this.#queue[this.#at] === next) this.#queue[this.#at] = result;
      deliverSoon(owner);
    });
  }
}

const none: Waiting[] = [];
