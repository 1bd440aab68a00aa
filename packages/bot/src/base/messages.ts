import type { Readable } from "node:stream";

/**
 * The messages of a grpc-js stream, one at a time: the next one is read when it is asked for, so a slow reader slows
 * the sender down. Unlike the stream's own iterator it leaves the stream alone when the reader stops early, because
 * the other direction may still be in use. Ends as well when `signal` aborts, with messages left or not.
 */
export async function* messages<T>(stream: Readable, signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
  let over = stream.destroyed;
  let failure: unknown;
  let wake = () => {};
  const onReadable = () => wake();
  const onOver = () => {
    over = true;
    wake();
  };
  const onError = (error: unknown) => {
    failure ??= error;
    onOver();
  };
  stream.on("readable", onReadable).on("end", onOver).on("close", onOver).on("error", onError);
  signal?.addEventListener("abort", onOver);
  try {
    while (true) {
      if (signal?.aborted) return;
      const message: T | null = stream.read();
      if (message !== null) yield message;
      else if (failure !== undefined) throw failure;
      else if (over) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stream.off("readable", onReadable).off("end", onOver).off("close", onOver);
    stream.off("error", onError).on("error", () => {}); // What comes now is nobody's to handle.
    signal?.removeEventListener("abort", onOver);
  }
}
