/**
 * Messages that one function gives and another takes, one at a time: the giver goes on when the next one is asked for, so a slow
 * taker slows it down.
 */
export class Handover<T> {
  #item: { readonly message: T } | undefined;
  #end: { readonly failure?: unknown } | undefined;
  #left = false;
  #goOn: ((more: boolean) => void) | undefined;
  #wake: (() => void) | undefined;

  /** Gives a message. Resolves when the next one is wanted, to false when none is. */
  give(message: T): Promise<boolean> {
    if (this.#left) return Promise.resolve(false);
    this.#item = { message };
    this.#wake?.();
    return new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }

  /** No message follows. */
  end(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  /** No message follows: what is taken next throws `failure`. */
  fail(failure: unknown): void {
    this.#end ??= { failure };
    this.#wake?.();
  }

  /** Gives the messages to their taker. */
  async *messages(): AsyncGenerator<T, void, undefined> {
    try {
      while (true) {
        while (!this.#item && !this.#end) await new Promise<void>((resolve) => (this.#wake = resolve));
        const item = this.#item;
        this.#item = undefined;
        if (item) yield item.message;
        else if (this.#end && "failure" in this.#end) throw this.#end.failure;
        else return;
        this.#goOn?.(true);
      }
    } finally {
      this.#left = true;
      this.#goOn?.(false);
    }
  }
}
