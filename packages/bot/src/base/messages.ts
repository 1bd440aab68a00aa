import type { Readable } from "node:stream";

/**
 * The messages of a grpc-js stream, each read when it is asked for, so that a slow reader slows the sender down. Unlike the
 * stream's own iterator it leaves the stream open when the reader stops early, because the other direction may still be in
 * use. It is no generator, because its reader is one: of two, each message would pass several promises more.
 */
export class Messages<T> {
  readonly #stream: Readable;
  #ended: boolean;
  #failure: { readonly error: unknown } | undefined;
  #wake = () => {};
  readonly #onReadable = () => this.#wake();
  readonly #onEnd = () => {
    this.#ended = true;
    this.#wake();
  };
  readonly #onError = (error: unknown) => {
    this.#failure ??= { error };
    this.#onEnd();
  };

  constructor(stream: Readable) {
    this.#stream = stream;
    this.#ended = stream.destroyed;
    stream.on("readable", this.#onReadable).on("end", this.#onEnd).on("close", this.#onEnd).on("error", this.#onError);
  }

  /** Takes the next message, if there is one now. */
  take(): T | undefined {
    return this.#stream.read() ?? undefined;
  }

  /** Waits where there is none. Resolves to false when none follows; rejects with what the stream has failed with. */
  async arrival(): Promise<boolean> {
    if (this.#failure) throw this.#failure.error;
    if (this.#ended) return false;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    return true;
  }

  /** Leaves the stream as it is. */
  leave(): void {
    const stream = this.#stream;
    stream.off("readable", this.#onReadable).off("end", this.#onEnd).off("close", this.#onEnd);
    stream.off("error", this.#onError).on("error", () => {}); // Nothing handles an error that comes now.
  }
}
