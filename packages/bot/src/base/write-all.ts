import type { Writable } from "node:stream";

/**
 * Writes what `source` yields to a grpc-js stream, no faster than the other end takes it. It does not end the stream.
 *
 * Resolves to true when the source is exhausted, and to false when `signal` aborts or the stream closes; then it calls the
 * source's `return`. Rejects with what the source throws,
 * and with what `serialize` throws for what it yields.
 */
export async function writeAll<T>(
  source: AsyncIterable<T>,
  stream: Writable,
  signal: AbortSignal,
  serialize: (message: T) => unknown = (message) => message,
): Promise<boolean> {
  const iterator = source[Symbol.asyncIterator]();
  let stopped = false;
  let wake = () => {};
  const stop = () => {
    stopped = true;
    wake();
  };
  // Not `Promise.race`: what waits beside a promise that stays pending is kept, message by message, until the stream
  // ends (nodejs/node#17469).
  function unlessStopped<U>(promise: Promise<U>): Promise<U | undefined> {
    return new Promise((resolve, reject) => {
      wake = () => resolve(undefined);
      promise.then(resolve, reject);
      if (stopped) wake();
    });
  }
  function serialized(message: T): unknown {
    try {
      return serialize(message);
    } catch (error) {
      iterator.return?.()?.catch?.(() => {});
      throw error;
    }
  }
  const drained = () => new Promise<void>((resolve) => stream.once("drain", resolve));

  signal.addEventListener("abort", stop);
  stream.on("close", stop);
  try {
    if (signal.aborted || stream.destroyed) stop();
    while (true) {
      const next = stopped ? undefined : await unlessStopped(iterator.next());
      if (next === undefined || stopped) {
        // A source that waits for something of its own cannot be woken from here; it can watch the signal.
        iterator.return?.()?.catch?.(() => {});
        return false;
      }
      if (next.done) return true;
      if (!stream.write(serialized(next.value))) await unlessStopped(drained());
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stream.off("close", stop);
  }
}
