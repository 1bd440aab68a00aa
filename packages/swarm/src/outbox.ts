import { setImmediate as turn } from "node:timers/promises";

/** What is still to be sent, in order. Iterating it takes the messages out, and waits for more until it is ended. */
export interface Outbox<T> extends AsyncIterable<T> {
  /** Adds a message. It takes the place of one with the same `key` that has not been taken yet, and goes to the end. */
  send(message: T, key?: unknown): void;
  /** Ends the iteration: after what is still in it, or at once with an error. */
  end(error?: Error): void;
}

export interface OutboxOptions<T> {
  /** With more messages waiting than this it ends by itself, with `overflow()`; there is no limit. */
  readonly limit?: number;
  readonly overflow?: () => Error;
  /** Has what is sent within one turn of the event loop taken as one message, where it gives something. */
  readonly batching?: () => Batching<T> | undefined;
}

/** How messages are made into one. */
export interface Batching<T> {
  join(messages: readonly T[]): T;
  /** What a message weighs; one of `Infinity` goes alone. */
  weigh(message: T): number;
  /** A batch weighs no more than this. */
  readonly atMost: number;
}

/** Makes an outbox for one reader. */
export function createOutbox<T>(options: OutboxOptions<T> = {}): Outbox<T> {
  const { limit = Number.POSITIVE_INFINITY, overflow } = options;
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

  /** Takes the next message out, with those that fit in one with it. */
  function next(): T | undefined {
    const batching = options.batching?.();
    const some: T[] = [];
    let weight = 0;
    for (const [key, message] of waiting) {
      weight += batching?.weigh(message) ?? 0;
      if (some.length > 0 && (!batching || weight > batching.atMost)) break;
      waiting.delete(key);
      some.push(message);
    }
    return batching && some.length > 1 ? batching.join(some) : some[0];
  }

  async function* take(): AsyncGenerator<T> {
    try {
      for (;;) {
        for (let message = next(); message !== undefined; message = next()) yield message;
        if (failure) throw failure;
        if (ended && waiting.size === 0) return;
        if (waiting.size > 0) continue;
        await new Promise<void>((resolve) => (wake = resolve));
        if (options.batching?.() && !failure) await turn();
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
