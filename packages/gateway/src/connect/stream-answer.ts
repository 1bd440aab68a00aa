import type { ServerResponse } from "node:http";
import { compress, type HeaderList, statusCode } from "@interlock/wire";
import { type Answer, leastPackedBytes } from "./answer.js";
import type { CallStatus } from "./call-status.js";
import { errorJson } from "./error-json.js";
import { responseMetadata, trailersJson } from "./metadata.js";
import type { ConnectRequest } from "./read-request.js";
import { statusOf } from "./unary-answer.js";
import { defaultUnreadMs, endWithContent, writeContent } from "./write-content.js";
import { writeHead } from "./write-head.js";

const compressed = 1;
const endOfStream = 2;

/** The call that is answered. */
export interface StreamAnswerOwner {
  /** All messages have gone, after `message` gave false. */
  onRoom(): void;
  /** A message cannot be written, and the stream has been ended for it. */
  onFault(): void;
}

/**
 * An answer of any number of messages, each in an envelope; the last one tells how the call has ended (Connect protocol,
 * "Streaming-Response"). Messages that wait for the caller are not more than the window of the stream that they come on, and one.
 */
export class StreamAnswer implements Answer {
  readonly #response: ServerResponse;
  readonly #request: ConnectRequest;
  readonly #owner: StreamAnswerOwner;
  readonly #unreadMs: number;
  #waiting: Promise<void> = Promise.resolve();
  #pending = 0;
  #failed = false;

  constructor(
    response: ServerResponse,
    request: ConnectRequest,
    owner: StreamAnswerOwner,
    unreadMs: number = defaultUnreadMs,
  ) {
    this.#response = response;
    this.#request = request;
    this.#owner = owner;
    this.#unreadMs = unreadMs;
  }

  head(headers: HeaderList): void {
    const { codec } = this.#request;
    writeHead(this.#response, 200, [
      "content-type",
      `application/connect+${codec}`,
      ...(this.#packs ? ["connect-content-encoding", "gzip"] : []),
      "connect-accept-encoding",
      "gzip",
      ...responseMetadata(headers, ""),
    ]);
    this.#response.flushHeaders();
  }

  message(bytes: Buffer): boolean {
    this.#pending++;
    this.#waiting = this.#waiting.then(() => this.#send(bytes)).catch((error) => this.#fail(error));
    return false;
  }

  end(status: CallStatus, trailers: HeaderList): void {
    void this.#waiting.then(() => this.#finish(status, trailers));
  }

  get #json() {
    return this.#request.codec === "json" ? this.#request.callable?.forms : undefined;
  }

  get #packs(): boolean {
    const { takesGzip, callable } = this.#request;
    return takesGzip && !callable?.served.method.policy.anyBot;
  }

  async #send(bytes: Buffer): Promise<void> {
    const isWanted = () => !this.#failed && !this.#response.destroyed;
    if (!isWanted()) return;
    const body = this.#json ? await this.#json.answer(bytes, isWanted) : bytes;
    if (!body) return;
    const packed = this.#packs && body.length >= leastPackedBytes ? await compress("gzip", body) : undefined;
    await writeContent(this.#response, enveloped(packed ? compressed : 0, packed ?? body), this.#unreadMs);
    if (--this.#pending === 0) this.#owner.onRoom();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#finish(statusOf(error), []);
    this.#failed = true;
    this.#owner.onFault();
  }

  #finish(status: CallStatus, trailers: HeaderList): void {
    if (this.#failed) return;
    const metadata = trailersJson(trailers);
    const json = {
      ...(status.code !== statusCode.ok && { error: errorJson(status, this.#request.callable?.forms?.types) }),
      ...(Object.keys(metadata).length > 0 && { metadata }),
    };
    void endWithContent(this.#response, enveloped(endOfStream, Buffer.from(JSON.stringify(json))), this.#unreadMs);
  }
}

function enveloped(flags: number, body: Buffer): Buffer {
  const prefix = Buffer.allocUnsafe(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}
