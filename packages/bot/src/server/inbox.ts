/** The bytes of messages that may wait for a handler before the sender is told to wait. */
const enoughBytes = 64 * 1_024;

/** What an inbox belongs to. */
export interface InboxOwner {
  /** The handler has taken a message. */
  delivered(): void;
  /** Bytes of the stream need not be waited for any more: the sender may send as many again. */
  credit(bytes: number): void;
}

/**
 * The messages of a request that wait for their handler, in order. While more than enough wait, what arrives is not credited to
 * the sender.
 */
export class Inbox {
  readonly #owner: InboxOwner;
  readonly #messages: Buffer[] = [];
  #bytes = 0;
  #withheld = 0;
  #ended = false;
  #failure: unknown;
  #wake: (() => void) | undefined;
  #onDemand: (() => void) | undefined;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  /** Takes note of bytes that have arrived, of whole messages or not. */
  arrived(bytes: number): void {
    if (this.#bytes > enoughBytes) this.#withheld += bytes;
    else this.#owner.credit(bytes);
  }

  add(message: Buffer): void {
    this.#messages.push(message);
    this.#bytes += message.length;
    this.#wake?.();
  }

  /** Resolves when the handler waits for a message, or nothing more is taken. */
  demand(): Promise<void> {
    if (this.#wake || this.#ended) return Promise.resolve();
    return new Promise((resolve) => (this.#onDemand = resolve));
  }

  /** Ends it after what waits: without an error, or with one. */
  end(failure?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
    this.#onDemand?.();
  }

  /** Takes the next message, if there is one. */
  take(): Buffer | undefined {
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    this.#bytes -= message.length;
    this.#owner.delivered();
    if (this.#withheld > 0 && this.#bytes <= enoughBytes) {
      this.#owner.credit(this.#withheld);
      this.#withheld = 0;
    }
    return message;
  }

  /** Waits where there is none. Resolves to false when none follows; rejects with the error of the end. */
  async arrival(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) return false;
    this.#onDemand?.();
    this.#onDemand = undefined;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    return true;
  }

  /** Drops what waits: the handler reads no more. */
  drop(): void {
    this.#messages.length = 0;
    this.#bytes = 0;
    this.#owner.credit(this.#withheld);
    this.#withheld = 0;
  }
}
