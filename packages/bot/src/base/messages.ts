import type { Readable } from "node:stream";

/**
 * Reads the messages of a grpc-js stream, each when it is asked for, so that a slow reader slows the sender down. Unlike
 * the stream's own iterator it leaves the stream open when the reader stops early, because the other direction may still
 * be in use. It also ends when `signal` aborts, even if messages are left.
 */
export async function* messages<T>(stream: Readable, signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
  let ended = stream.destroyed;
  let failure: unknown;
  let wake = () => {};
  const onReadable = () => wake();
  const onEnd = () => {
    ended = true;
    wake();
  };
  const onError = (error: unknown) => {
    failure ??= error;
    onEnd();
  };
  stream.on("readable", onReadable).on("end", onEnd).on("close", onEnd).on("error", onError);
  signal?.addEventListener("abort", onEnd);
  try {
    while (true) {
      if (signal?.aborted) return;
      const message: T | null = stream.read();
      if (message !== null) yield message;
      else if (failure !== undefined) throw failure;
      else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stream.off("readable", onReadable).off("end", onEnd).off("close", onEnd);
    stream.off("error", onError).on("error", () => {}); // Nothing handles an error that comes now.
    signal?.removeEventListener("abort", onEnd);
  }
}
