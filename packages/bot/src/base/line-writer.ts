import type { Writable } from "node:stream";

/** The bytes that wait for a slow reader at most; later lines are dropped. */
const maximumWaiting = 1_024 * 1_024;

/**
 * Makes a function that writes lines to a stream such as standard error, and that neither throws nor ends the process: not
 * when the reader has gone (EPIPE), when the disk is full (ENOSPC), nor when the reader stands still. Then lines are dropped;
 * when there is room again, `told` makes the line that says how many.
 *
 * @param stream - Gives the stream; asked with the first line.
 * @param told - Makes a line from the number of lines that were dropped.
 */
export function createLineWriter(stream: () => Writable, told: (dropped: number) => string): (line: string) => void {
  let to: Writable | undefined;
  let dropped = 0;

  function open(): Writable {
    const opened = stream();
    // Without a listener, EPIPE ends the process: the reader of a log must not be able to do that.
    opened.on("error", () => {});
    return opened;
  }

  return (line) => {
    try {
      to ??= open();
      if (to.writableLength > maximumWaiting) {
        dropped++;
        return;
      }
      const before = dropped > 0 ? `${told(dropped)}\n` : "";
      dropped = 0;
      to.write(`${before}${line}\n`);
    } catch {
      // There is no place left to tell it.
    }
  };
}
