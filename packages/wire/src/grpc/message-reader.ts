import { prefixLength } from "./message-prefix.js";

/** What is wrong with a sequence of messages. A "too-large" message is RESOURCE_EXHAUSTED, the others are INTERNAL. */
export type MessageFault =
  /** The Compressed-Flag of a message is neither 0 nor 1. */
  | { readonly kind: "bad-flag"; readonly flag: number }
  /** The prefix of a message announces more bytes than are allowed. */
  | { readonly kind: "too-large"; readonly length: number }
  /** The stream has ended inside a message, or inside its prefix. */
  | { readonly kind: "cut-off" };

/** The receiver of messages. An interface rather than a function, so that a stream can be it without a closure. */
export interface MessageSink {
  /**
   * Takes the next message. It must not throw, and must not call the reader.
   *
   * @param message - The message's bytes, still compressed where they are. They may be a part of the payload that was pushed.
   * @param compressed - The Compressed-Flag.
   */
  onMessage(message: Buffer, compressed: boolean): void;
}

// The smallest buffer of a partial message. Below this, the cost of a buffer is the object and not its bytes.
const smallestCapacity = 512;

const nothing = Buffer.alloc(0);

/**
 * Buffers that messages have outgrown, or that were given up, by their length, to be used again: a long message grows through half a dozen
 * of them, and to drop each keeps the garbage collector busy. Bound: 8 MiB in all, each of a power of two.
 */
const spare = new Map<number, Buffer<ArrayBuffer>[]>();
const spareAtMost = 8 * 1_024 * 1_024;
let spareBytes = 0;
const cutOff: MessageFault = { kind: "cut-off" };

/**
 * Reads the messages of one direction of a call from the payloads of its DATA frames (PROTOCOL-HTTP2,
 * "Length-Prefixed-Message"). The frames' boundaries mean nothing.
 *
 * A message that lies in one payload is a part of that payload, without a copy. A message in several payloads is copied into a
 * buffer of at most twice the bytes that have arrived, whatever its prefix announces; the payloads themselves are not kept.
 */
export class MessageReader {
  readonly #maximumLength: number;
  #prefixBytes = 0;
  #flag = 0;
  #length = 0;
  #partial = nothing;
  #arrived = 0;
  #fault: MessageFault | undefined;

  /** @param maximumLength - The longest message that is taken, in bytes, as it is sent. */
  constructor(maximumLength: number) {
    this.#maximumLength = maximumLength;
  }

  /** The memory that the unfinished message takes, in bytes. */
  get heldBytes(): number {
    return this.#partial.length;
  }

  /** How many bytes of the unfinished message have not come; 0 between messages, after a fault, and while its length is not known. */
  get missing(): number {
    return this.#prefixBytes === prefixLength && !this.#fault ? this.#length - this.#arrived : 0;
  }

  /**
   * Reads the next payload.
   *
   * @param bytes - A payload, without the frame's header and padding.
   * @param sink - Gets the messages that have come to their end, before this returns.
   * @returns The first fault, as soon as its byte has come. Nothing is read after it.
   */
  push(bytes: Buffer, sink: MessageSink): MessageFault | undefined {
    let at = 0;
    while (at < bytes.length && this.#fault === undefined) {
      if (this.#prefixBytes < prefixLength) at = this.#readPrefix(bytes, at);
      if (this.#prefixBytes === prefixLength && this.#fault === undefined) at = this.#readMessage(bytes, at, sink);
    }
    return this.#fault;
  }

  /** Ends the reading, and lets go of what is held. Gives the first fault, which may be that a message has not ended. */
  end(): MessageFault | undefined {
    if (this.#prefixBytes > 0) this.#fault ??= cutOff;
    giveBack(this.#partial);
    this.#partial = nothing;
    return this.#fault;
  }

  #readPrefix(bytes: Buffer, start: number): number {
    let at = start;
    for (; at < bytes.length && this.#prefixBytes < prefixLength; at++, this.#prefixBytes++) {
      const byte = bytes[at] as number;
      if (this.#prefixBytes === 0) this.#flag = byte;
      else this.#length = this.#length * 256 + byte;
    }
    if (this.#flag > 1) this.#fault = { kind: "bad-flag", flag: this.#flag };
    else if (this.#prefixBytes === prefixLength && this.#length > this.#maximumLength)
      this.#fault = { kind: "too-large", length: this.#length };
    return at;
  }

  #readMessage(bytes: Buffer, start: number, sink: MessageSink): number {
    const end = Math.min(bytes.length, start + this.#length - this.#arrived);
    const isWhole = end - start === this.#length;
    if (!isWhole) {
      this.#keep(bytes, start, end);
      if (this.#arrived < this.#length) return end;
    }
    const message = isWhole ? bytes.subarray(start, end) : this.#partial;
    const compressed = this.#flag === 1;
    this.#prefixBytes = this.#flag = this.#length = this.#arrived = 0;
    this.#partial = nothing;
    sink.onMessage(message, compressed);
    return end;
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const arrived = this.#arrived + end - start;
    if (arrived > this.#partial.length) {
      const larger = bufferFor(this.#length, arrived);
      this.#partial.copy(larger, 0, 0, this.#arrived);
      giveBack(this.#partial);
      this.#partial = larger;
    }
    bytes.copy(this.#partial, this.#arrived, start, end);
    this.#arrived = arrived;
  }
}

/** A buffer for a message of `length` bytes, of which `arrived` have come: for all of them, or for at most twice what has come. */
function bufferFor(length: number, arrived: number): Buffer<ArrayBuffer> {
  let capacity = smallestCapacity;
  while (capacity < arrived) capacity *= 2;
  // Not from the pool of Node: a part of that would keep all of it.
  if (capacity >= length) return Buffer.allocUnsafeSlow(length);
  const known = spare.get(capacity)?.pop();
  if (known) spareBytes -= capacity;
  return known ?? Buffer.allocUnsafeSlow(capacity);
}

/** Keeps a buffer that nothing refers to any more. */
function giveBack(buffer: Buffer<ArrayBuffer>): void {
  const { length } = buffer;
  // One of any other length was made for its message alone.
  if (length < smallestCapacity || (length & (length - 1)) !== 0 || spareBytes + length > spareAtMost) return;
  const others = spare.get(length);
  if (others) others.push(buffer);
  else spare.set(length, [buffer]);
  spareBytes += length;
}
