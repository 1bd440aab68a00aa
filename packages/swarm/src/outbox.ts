import { setImmediate as turn } from "node:timers/promises";

/** The messages that are still to be sent, in order. Iterating takes them out, and waits for more until the outbox ends. */
export interface Outbox<T> extends AsyncIterable<T> {
  /** Adds a message at the end. It replaces one with the same `key` that was not taken yet. */
  send(message: T, key?: unknown): void;
  /** Ends the iteration: after the remaining messages, or at once with an error. */
  end(error?: Error): void;
}

/** The settings of an outbox. */
export interface OutboxOptions<T> {
  /** When more messages than this wait, the outbox ends by itself with `overflow()`. Default: no limit. */
  readonly limit?: number;
  readonly overflow?: () => Error;
  /** Where it returns something, messages that are sent within one turn of the event loop are taken as one. */
  readonly batching?: () => Batching<T> | undefined;
}

/** The rule by which several messages become one. */
export interface Batching<T> {
  join(messages: readonly T[]): T;
  /** The weight of a message; one of `Infinity` goes alone. */
  weigh(message: T): number;
  /** The highest weight of a batch. */
  readonly atMost: number;
}

/** Creates an outbox for one reader. */
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

  /** Takes out the next message, joined with those that fit into one message with it. */
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
