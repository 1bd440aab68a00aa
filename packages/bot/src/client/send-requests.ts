import type { Duplex, Writable } from "node:stream";
import { writeAll } from "../base/write-all.js";

/** The messages of a request: any iterable. */
export type Requests = AsyncIterable<unknown> | Iterable<unknown>;

/** Sends the messages of the caller's source. When the source fails, the call is canceled and gets the source's error. */
export function sendRequests(
  source: Requests,
  serialize: (message: unknown) => Buffer,
  call: Duplex & { cancel(): void },
  onFailure: (error: unknown) => void,
): void {
  call.on("error", () => {}); // The reader or the callback gets it, too.
  const over = new AbortController();
  call.once("status", () => over.abort());
  writeAll(iterate(source), call as Writable, over.signal, serialize).then(
    (exhausted) => {
      if (exhausted) call.end();
    },
    (error: unknown) => {
      onFailure(error);
      call.cancel();
    },
  );
}

function iterate(source: Requests): AsyncIterable<unknown> {
  if (Symbol.asyncIterator in source) return source;
  return (async function* () {
    yield* source;
  })();
}
