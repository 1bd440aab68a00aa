import { compress, type Encoding, type Stream } from "@interlock/wire";

/** A message that waits to be handed to a stream. */
interface Waiting {
  message: Uint8Array;
  flags: number;
  readonly written: (() => void) | undefined;
}

const nothing = Buffer.alloc(0);

/** Those that hold a message back for the end that follows it, most probably. */
let holding: RequestMessages[] = [];

function sendHeld(): void {
  const batch = holding;
  holding = [];
  for (const messages of batch) messages.sendHeld();
}

/**
 * The messages of a request, on their way to its stream: before there is one, while they are compressed, and until the request
 * cannot be repeated any more.
 */
export class RequestMessages {
  readonly #encoding: Encoding;
  #stream: Stream | undefined;
  #queue: Waiting[] | undefined;
  #packing = false;
  #held: Uint8Array | undefined;
  #halfClosed = false;
  /** Whether the stream has been given the end. */
  #ended = false;
  /** The messages that a stream has been given, and the first of them while it is the only one. */
  #sent = 0;
  #first: Uint8Array | undefined;
  #firstFlags = 0;
  #roomless: (() => void)[] | undefined;

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  /** Whether there was a message, or there is one. */
  get hasBegun(): boolean {
    return this.#sent > 0 || this.#held !== undefined || this.#queue !== undefined;
  }

  /**
   * Sends a message as soon as it can be. Calls `written` once there is room for another one; without it, this is the one message
   * of a request, and its end is expected.
   */
  send(message: Uint8Array, written: (() => void) | undefined, packed: boolean): void {
    const isPacked = packed && this.#encoding !== "identity";
    if (this.#stream === undefined || this.#queue !== undefined || isPacked) {
      this.#queue ??= [];
      this.#queue.push({ message, flags: isPacked ? -1 : 0, written });
      if (this.#stream) this.#flush();
    } else if (written === undefined && this.#held === undefined) {
      this.#held = message;
      holding.push(this);
      if (holding.length === 1) setImmediate(sendHeld);
    } else {
      this.sendHeld();
      this.#put(this.#stream, message, 0, written, false);
    }
  }

  /** Says that no message follows. */
  halfClose(): void {
    if (this.#halfClosed) return;
    this.#halfClosed = true;
    const stream = this.#stream;
    if (!stream || this.#queue) return;
    const held = this.#held;
    if (held === undefined) this.#sendEnd(stream);
    else {
      this.#held = undefined;
      this.#put(stream, held, 0, undefined, true);
    }
  }

  /** Sends what there is to a stream, and from now on what comes. */
  attach(stream: Stream): void {
    this.#stream = stream;
    if (this.#queue) this.#flush();
    else if (this.#halfClosed) this.#sendEnd(stream);
  }

  /** Takes everything back, to be sent again on another stream. False, without a change, where it is not there any more. */
  takeBack(): boolean {
    if (this.#sent > 0 && this.#first === undefined) return false;
    this.#stream = undefined;
    const [first, held] = [this.#first, this.#held];
    const written = this.#roomless && (() => this.hasRoom());
    if (held !== undefined) this.#queue = [{ message: held, flags: 0, written: undefined }, ...(this.#queue ?? [])];
    if (first !== undefined)
      this.#queue = [{ message: first, flags: this.#firstFlags, written }, ...(this.#queue ?? [])];
    this.#held = this.#first = undefined;
    this.#sent = 0;
    this.#ended = false;
    return true;
  }

  /** Forgets what was kept to be repeated. */
  keepNothing(): void {
    this.#first = undefined;
  }

  /** Ends the request: those that wait for room are told, because nothing waits for them any more. */
  end(): void {
    this.#stream = this.#held = this.#first = undefined;
    const waiting = this.#queue ?? [];
    this.#queue = [];
    this.#halfClosed = true;
    for (const { written } of waiting) written?.();
    this.hasRoom();
  }

  /** Takes note that the stream has room again. */
  hasRoom(): void {
    const roomless = this.#roomless;
    this.#roomless = undefined;
    if (roomless) for (const written of roomless) written();
  }

  /** Sends a message that was held back for an end that has not come. */
  sendHeld(): void {
    const held = this.#held;
    if (held === undefined || !this.#stream) return;
    this.#held = undefined;
    this.#put(this.#stream, held, 0, undefined, false);
  }

  /** Sends what waits, up to a message that has to be compressed first. */
  #flush(): void {
    this.sendHeld();
    const queue = this.#queue as Waiting[];
    while (this.#stream && !this.#packing) {
      const next = queue[0];
      if (!next) break;
      if (next.flags < 0) return void this.#pack(next);
      queue.shift();
      const end = this.#halfClosed && queue.length === 0;
      this.#put(this.#stream, next.message, next.flags, next.written, end);
    }
    if (queue.length > 0) return;
    this.#queue = undefined;
    // The last message's writer may have ended the request just now.
    if (this.#halfClosed && !this.#ended && this.#stream) this.#sendEnd(this.#stream);
  }

  #sendEnd(stream: Stream): void {
    this.#ended = true;
    stream.sendData(nothing, true);
  }

  async #pack(waiting: Waiting): Promise<void> {
    this.#packing = true;
    const { message } = waiting;
    const whole = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
    const packed = await compress(this.#encoding, whole);
    const isSmaller = packed.length < message.length;
    if (isSmaller) waiting.message = packed;
    waiting.flags = isSmaller ? 1 : 0;
    this.#packing = false;
    if (this.#stream && this.#queue) this.#flush();
  }

  #put(stream: Stream, message: Uint8Array, flags: number, written: (() => void) | undefined, end: boolean): void {
    this.#first = this.#sent++ === 0 ? message : undefined;
    this.#firstFlags = flags;
    this.#ended = end;
    const hasRoom = stream.sendMessage(flags, message, end);
    if (!written) return;
    if (hasRoom) written();
    else {
      this.#roomless ??= [];
      this.#roomless.push(written);
    }
  }
}
