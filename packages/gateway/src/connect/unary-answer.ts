import type { ServerResponse } from "node:http";
import { InterlockError } from "@interlock/bot";
import { toStatus } from "@interlock/bot/internal";
import { compress, type HeaderList, statusCode } from "@interlock/wire";
import { type Answer, leastPackedBytes } from "./answer.js";
import type { CallStatus } from "./call-status.js";
import { connectCodeOf } from "./code.js";
import { errorJson, retryAfterSeconds } from "./error-json.js";
import { responseMetadata } from "./metadata.js";
import type { ConnectRequest } from "./read-request.js";
import { defaultUnreadMs, endWithContent } from "./write-content.js";
import { writeHead } from "./write-head.js";

/** What holds an answer until its caller has it. */
export interface UnaryAnswerOwner {
  /** Counts bytes that are held for the caller. False where it has too many. */
  hold(bytes: number): boolean;
}

/** An answer of one message: the status of HTTP tells how the call has ended (Connect protocol, "Unary-Response"). */
export class UnaryAnswer implements Answer {
  readonly #response: ServerResponse;
  readonly #request: Pick<ConnectRequest, "callable" | "codec" | "takesGzip">;
  readonly #owner: UnaryAnswerOwner | undefined;
  readonly #unreadMs: number;
  #head: HeaderList = [];
  #message: Buffer | undefined;
  #count = 0;

  constructor(
    response: ServerResponse,
    request: Pick<ConnectRequest, "callable" | "codec" | "takesGzip">,
    owner?: UnaryAnswerOwner,
    unreadMs: number = defaultUnreadMs,
  ) {
    this.#response = response;
    this.#request = request;
    this.#owner = owner;
    this.#unreadMs = unreadMs;
  }

  head(headers: HeaderList): void {
    this.#head = headers;
  }

  message(bytes: Buffer): boolean {
    this.#count++;
    this.#message ??= bytes;
    return true;
  }

  end(status: CallStatus, trailers: HeaderList): void {
    if (status.code !== statusCode.ok) this.#fail(status, trailers);
    else void this.#succeed(trailers).catch((error: unknown) => this.#fail(statusOf(error), trailers));
  }

  async #succeed(trailers: HeaderList): Promise<void> {
    const { callable, codec, takesGzip } = this.#request;
    const message = this.#message;
    if (!message || this.#count > 1) throw new InterlockError("INTERNAL", `The bot gave ${this.#count} answers.`);
    const forms = codec === "json" ? callable?.forms : undefined;
    const body = forms ? await forms.answer(message, () => !this.#response.destroyed) : message;
    if (!body) return;
    this.#message = undefined;
    if (forms && this.#owner?.hold(body.length) === false) throw tooMuchUnread;
    const packs = takesGzip && body.length >= leastPackedBytes && !callable?.served.method.policy.anyBot;
    const content = packs ? await compress("gzip", body) : body;
    this.#write(200, `application/${codec}`, content, trailers, packs ? ["content-encoding", "gzip"] : []);
  }

  #fail(status: CallStatus, trailers: HeaderList): void {
    const content = Buffer.from(JSON.stringify(errorJson(status, this.#request.callable?.forms?.types)));
    const { http } = connectCodeOf(status.code);
    const retry = retryAfterSeconds(status);
    this.#write(http, "application/json", content, trailers, [
      ...(retry === undefined ? [] : ["retry-after", String(retry)]),
      // RFC 9110, section 15.5.2. The token is one that is bound to the caller's certificate (RFC 8705).
      ...(http === 401 ? ["www-authenticate", "Bearer"] : []),
    ]);
  }

  #write(status: number, type: string, content: Buffer, trailers: HeaderList, more: readonly string[]): void {
    writeHead(this.#response, status, [
      "content-type",
      type,
      "content-length",
      String(content.length),
      ...more,
      ...responseMetadata(this.#head, ""),
      ...responseMetadata(trailers, "trailer-"),
    ]);
    void endWithContent(this.#response, content, this.#unreadMs);
  }
}

/** More is held for a caller than it may have. */
export const tooMuchUnread = new InterlockError(
  "RESOURCE_EXHAUSTED",
  "The bot's requests and unread answers hold as many bytes here as one bot may have: read the answers, and try again.",
);

/** What has gone wrong here, as the status of a call. */
export function statusOf(error: unknown): CallStatus {
  const { code, details } = toStatus(InterlockError.from(error));
  return { code, message: details, details: [] };
}
