import type { Connection } from "../connection.js";
import type { HeaderList } from "../header-list.js";
import type { DecodedBlock } from "../hpack/decoder.js";
import type { Reset, Stream, StreamHandler } from "../stream/stream.js";
import { request } from "./frames.js";

/** What has come on a stream. */
export interface Answer {
  readonly headers: readonly HeaderList[];
  readonly content: Buffer;
  readonly reset: Reset | undefined;
}

/** Takes what a stream brings, and keeps it. It says at once that it has dealt with the content. */
export class Taker implements StreamHandler {
  stream: Stream | undefined;
  readonly headers: HeaderList[] = [];
  readonly pieces: Buffer[] = [];
  bytes = 0;
  reset: Reset | undefined;
  /** Resolves when nothing more will come. */
  readonly whole: Promise<Answer>;
  readonly #keeps: boolean;
  #finish: () => void = () => {};

  /** @param keeps - Whether the content is kept, and not only counted. Default: true. */
  constructor(keeps = true) {
    this.#keeps = keeps;
    this.whole = new Promise((resolve) => {
      this.#finish = () => resolve({ headers: this.headers, content: Buffer.concat(this.pieces), reset: this.reset });
    });
  }

  onHeaders(block: DecodedBlock, end: boolean): void {
    this.headers.push(block.headers);
    if (end) this.#finish();
  }

  onData(bytes: Buffer, end: boolean): void {
    this.bytes += bytes.length;
    if (this.#keeps) this.pieces.push(bytes);
    this.stream?.consumed(bytes.length);
    if (end) this.#finish();
  }

  onReset(reset: Reset): void {
    this.reset = reset;
    this.#finish();
  }

  onRoom(): void {}
}

/** Opens a stream with a request that has `content`, if any, and takes the answer. */
export function call(connection: Connection, content?: Uint8Array, headers: HeaderList = request): Taker {
  const taker = new Taker();
  taker.stream = connection.open(headers, content === undefined, taker);
  if (content) taker.stream.sendData(Buffer.from(content), true);
  return taker;
}

/** Answers each request with its content, as it comes. */
export function echo(stream: Stream, _request: DecodedBlock | undefined, end: boolean): StreamHandler {
  stream.sendHeaders([":status", "200"], end);
  return {
    onHeaders: () => stream.sendHeaders(["x-end", "trailers"], true),
    onData(bytes, isLast) {
      stream.consumed(bytes.length);
      stream.sendData(Buffer.from(bytes), isLast);
    },
    onReset() {},
    onRoom() {},
  };
}

/** Answers each request at its end, with `content`. */
export function answering(content: Buffer): (stream: Stream, request: unknown, end: boolean) => StreamHandler {
  return (stream, _request, end) => {
    const answer = () => {
      stream.sendHeaders([":status", "200"], content.length === 0);
      if (content.length > 0) stream.sendData(content, true);
    };
    if (end) answer();
    return {
      onHeaders: answer,
      onData(bytes, isLast) {
        stream.consumed(bytes.length);
        if (isLast) answer();
      },
      onReset() {},
      onRoom() {},
    };
  };
}
