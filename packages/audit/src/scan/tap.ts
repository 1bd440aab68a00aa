import { Duplex } from "node:stream";

/** The most bytes that one connection of a scan reads. */
export const maximumRead = 64 * 1_024;

/** The bytes of each direction that are kept to be looked at. */
const kept = 8 * 1_024;

/** A stream that lies on another one and notes what passes: the first bytes of both directions, and how it ended. */
export interface Tap {
  /** What a protocol is spoken over. Its end and errors are those of the stream below. */
  readonly stream: Duplex;
  /** The first 8 KiB that have come. */
  received(): Buffer;
  /** The first 8 KiB that have been sent. */
  sent(): Buffer;
  /** `ended` after a FIN, `failed` after an error such as a reset, or after more than {@link maximumRead} bytes. */
  state(): "open" | "ended" | "failed";
  /** The error of the stream below. */
  error(): NodeJS.ErrnoException | undefined;
  /** Resolves when something has come or the stream is no longer open, at the latest after `ms`. */
  heard(ms: number): Promise<void>;
  /** Ends it: from now on nothing is sent, whatever is written, and the stream below is destroyed. */
  cut(): void;
}

/** What may refuse a chunk before it is sent. */
export type Guard = (chunk: Buffer) => boolean;

/** Lays a tap on a stream that is connected. `guard` sees every chunk before it is sent; where it says no, the tap is cut. */
export function tapOn(below: Duplex, guard: Guard = () => true): Tap {
  let received = Buffer.alloc(0);
  let sent = Buffer.alloc(0);
  let total = 0;
  let state: ReturnType<Tap["state"]> = "open";
  let failure: NodeJS.ErrnoException | undefined;
  let isCut = false;
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };

  const stream = new Duplex({
    read: () => void below.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (isCut || below.destroyed) return done();
      if (!guard(chunk)) {
        cut();
        return done();
      }
      if (sent.length < kept) sent = Buffer.concat([sent, chunk]).subarray(0, kept);
      below.write(chunk, () => done());
    },
    // A stream below is never half closed by the scan: it is destroyed.
    final: (done) => done(),
    destroy(_error, done) {
      cut();
      done(null);
    },
  });
  stream.on("error", () => {});

  function end(next: "ended" | "failed"): void {
    if (state === "open") state = next;
    if (!stream.readableEnded && !stream.destroyed) stream.push(null);
    tell();
  }
  function cut(): void {
    isCut = true;
    below.destroy();
  }

  below.on("data", (chunk: Buffer) => {
    total += chunk.length;
    if (received.length < kept) received = Buffer.concat([received, chunk]).subarray(0, kept);
    if (total > maximumRead) {
      end("failed");
      return cut();
    }
    if (!stream.push(chunk)) below.pause();
    tell();
  });
  below.on("end", () => end("ended"));
  below.on("error", (error: NodeJS.ErrnoException) => {
    failure ??= error;
    end("failed");
  });
  below.on("close", () => end("ended"));

  return {
    stream,
    received: () => received,
    sent: () => sent,
    state: () => state,
    error: () => failure,
    heard(ms) {
      const before = total;
      return new Promise((resolve) => {
        const look = () => {
          if (total === before && state === "open") return;
          clearTimeout(timer);
          listeners.delete(look);
          resolve();
        };
        const timer = setTimeout(() => {
          listeners.delete(look);
          resolve();
        }, ms);
        listeners.add(look);
        look();
      });
    },
    cut,
  };
}
