import type { Writable } from "node:stream";

/**
 * Writes what `source` yields to a grpc-js stream, no faster than the other end takes it. Resolves when the source is
 * exhausted (true), or when `signal` aborts or the stream closes (false); then the source is told to return. Rejects
 * with what the source throws. It does not end the stream.
 */
export async function writeAll<T>(source: AsyncIterable<T>, stream: Writable, signal: AbortSignal): Promise<boolean> {
  const iterator = source[Symbol.asyncIterator]();
  const stopped = new Promise<"stopped">((resolve) => {
    const stop = () => resolve("stopped");
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    stream.once("close", stop);
  });
  while (true) {
    const next = await Promise.race([iterator.next(), stopped]);
    if (next === "stopped" || signal.aborted) {
      // A source that waits for something of its own cannot be woken from here; it sees the signal.
      iterator.return?.()?.catch?.(() => {});
      return false;
    }
    if (next.done) return true;
    if (!stream.write(next.value)) await Promise.race([drained(stream), stopped]);
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.once("drain", resolve));
}
