/** The messages that are still to be sent, in order. Iterating takes them out, and waits for more until the outbox ends. */
export interface Outbox<T> extends AsyncIterable<T> {
  /** Adds a message at the end, or before all that are not `first`. It replaces one with the same `key` that was not taken yet. */
  send(message: T, key?: unknown, first?: boolean): void;
  /** Ends the iteration: after the remaining messages, or at once with an error. */
  end(error?: Error): void;
}

/** The settings of an outbox. */
export interface OutboxOptions<T> {
  /** When more messages than this wait, the outbox ends with `overflow()`. Default: no limit. */
  readonly limit?: number;
  readonly overflow?: () => Error;
  /** If it returns something, messages that are sent within one callback of the event loop are taken as one. */
  readonly batching?: () => Batching<T> | undefined;
  /** Called once when nothing more is accepted: it was ended, or its reader has left. */
  readonly onEnd?: () => void;
}

/** The rule by which several messages become one. */
export interface Batching<T> {
  join(messages: readonly T[]): T;
  /** The weight of a message; one of `Infinity` goes alone. */
  weigh(message: T): number;
  /** The highest weight of a batch. */
  readonly atMost: number;
}

const done = { done: true, value: undefined } as const;

/** Creates an outbox for one reader, which asks for one message at a time. */
export function createOutbox<T>(options: OutboxOptions<T> = {}): Outbox<T> {
  const { limit = Number.POSITIVE_INFINITY, overflow } = options;
  const ahead = new Map<unknown, T>();
  const waiting = new Map<unknown, T>();
  const size = () => ahead.size + waiting.size;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  function end(error?: Error): void {
    if (ended) return;
    ended = true;
    failure = error;
    if (error) clear();
    wake?.();
    options.onEnd?.();
  }

  function clear(): void {
    ahead.clear();
    waiting.clear();
  }

  /** Takes out the next message, joined with those that fit into one message with it. */
  function next(): T | undefined {
    const batching = options.batching?.();
    const some: T[] = [];
    let weight = 0;
    for (const queue of [ahead, waiting]) {
      for (const [key, message] of queue) {
        weight += batching?.weigh(message) ?? 0;
        if (some.length > 0 && (!batching || weight > batching.atMost)) break;
        queue.delete(key);
        some.push(message);
      }
      if (queue.size > 0) break;
    }
    return batching && some.length > 1 ? batching.join(some) : some[0];
  }

  // No generator: for each message that one makes several promises, which take longer than all else here.
  async function take(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const message = next();
      if (message !== undefined) return { done: false, value: message };
      if (failure) throw failure;
      if (ended) return done;
      await new Promise<void>((resolve) => (wake = resolve));
      if (options.batching?.() && !failure) await new Promise<void>((resolve) => process.nextTick(resolve));
    }
  }

  return {
    send(message, key = Symbol(), first = false) {
      if (ended) return;
      ahead.delete(key);
      waiting.delete(key);
      (first ? ahead : waiting).set(key, message);
      if (size() > limit) end(overflow?.());
      wake?.();
    },
    end,
    [Symbol.asyncIterator]: () => ({
      next: take,
      async return() {
        end();
        clear();
        return done;
      },
    }),
  };
}
