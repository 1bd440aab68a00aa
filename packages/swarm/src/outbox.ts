/** What is still to be sent, in order. Iterating it takes the messages out, and waits for more until it is ended. */
export interface Outbox<T> extends AsyncIterable<T> {
  /** Adds a message. It takes the place of one with the same `key` that has not been taken yet, and goes to the end. */
  send(message: T, key?: unknown): void;
  /** Ends the iteration: after what is still in it, or at once with an error. */
  end(error?: Error): void;
}

/** Makes an outbox for one reader. With more than `limit` messages waiting it ends by itself, with `overflow()`. */
export function createOutbox<T>(limit = Number.POSITIVE_INFINITY, overflow?: () => Error): Outbox<T> {
  const waiting = new Map<unknown, T>();
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  function end(error?: Error): void {
    if (ended) return;
    ended = true;
    failure = error;
    if (error) waiting.clear();
    wake?.();
  }

  async function* take(): AsyncGenerator<T> {
    try {
      for (;;) {
        for (const [key, message] of waiting) {
          waiting.delete(key);
          yield message;
        }
        if (failure) throw failure;
        if (ended && waiting.size === 0) return;
        if (waiting.size === 0) await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      end();
    }
  }

  return {
    send(message, key = Symbol()) {
      if (ended) return;
      waiting.delete(key);
      waiting.set(key, message);
      if (waiting.size > limit) end(overflow?.());
      wake?.();
    },
    end,
    [Symbol.asyncIterator]: take,
  };
}
