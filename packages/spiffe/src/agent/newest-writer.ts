/** The part of a stream that takes messages. */
export interface MessageSink<T> {
  write(message: T, taken: () => void): unknown;
}

/**
 * Writes to a stream that may be slow: one message is under way, and what changes meanwhile becomes one message, which is made when it
 * can be sent.
 *
 * @param sink - The stream.
 * @param make - Makes the message of now; `undefined` for none.
 * @returns Says that there is something new.
 */
export function createNewestWriter<T>(sink: MessageSink<T>, make: () => T | undefined): () => void {
  let underWay = false;
  let changed = false;

  function write(): void {
    changed = false;
    const message = make();
    if (message === undefined) return;
    underWay = true;
    sink.write(message, () => {
      underWay = false;
      if (changed) write();
    });
  }

  return () => {
    changed = true;
    if (!underWay) write();
  };
}
