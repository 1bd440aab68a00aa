import type { IncomingMessage, ServerResponse } from "node:http";
import { InterlockError } from "@interlock/bot";
import type { CallStream, RunnableMethod, ServedCall, TranslatedPeer } from "@interlock/bot/internal";
import {
  errorCode,
  type HeaderList,
  MessageReader,
  type StreamHandler,
  statusCode,
  statusOfHttp,
  statusOfReset,
} from "@interlock/wire";
import { type Answer, maximumAnswerBytes } from "./answer.js";
import { type CallStatus, callStatusIn } from "./call-status.js";
import { type ReadMessage, readMessage } from "./read-message.js";
import { type ConnectRequest, hasGet, mediaTypes } from "./read-request.js";
import { StreamAnswer } from "./stream-answer.js";
import { statusOf, tooMuchUnread, UnaryAnswer } from "./unary-answer.js";
import { defaultUnreadMs } from "./write-content.js";
import { waitsToBeAsked, writeHead } from "./write-head.js";

/**
 * A request of the Connect protocol, as a stream of gRPC: the server admits it, counts it and passes it on as any other call. Its body
 * is read once it has been admitted, and goes on when it has come as a whole.
 */
export class TranslatedCall implements CallStream {
  closed = false;
  remoteEnded = false;
  handler: StreamHandler = nobody;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #form: ConnectRequest;
  readonly #answer: Answer;
  readonly #reader = new MessageReader(maximumAnswerBytes);
  /** Counts an answer in one piece for its caller, until it has gone. */
  #held: ReturnType<TranslatedPeer["meter"]> | undefined;
  #headed = false;
  #hasRoom = true;
  /** Whether what is being taken is the last of the answer: what brings it ends the call behind. */
  #isLast = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    form: ConnectRequest,
    unreadMs: number = defaultUnreadMs,
  ) {
    this.#request = request;
    this.#response = response;
    this.#form = form;
    this.#answer = form.isStream
      ? new StreamAnswer(response, form, { onRoom: () => this.#onRoom(), onFault: () => this.#abandon() }, unreadMs)
      : new UnaryAnswer(response, form, { hold: (bytes) => this.#held?.received(bytes) === undefined }, unreadMs);
    response.once("close", () => this.leave());
  }

  /** Has the server decide on it. */
  begin(peer: TranslatedPeer, unpack: ReadMessage["unpack"], now: ReadMessage["now"]): void {
    const { headers, callable, isCall, isStream } = this.#form;
    if (!isStream) this.#held = peer.meter(Number.POSITIVE_INFINITY);
    const from = { form: this.#form, request: this.#request, meter: peer.meter, unpack, now, ask: () => this.#ask() };
    const served = isCall && callable ? this.#waiting(callable.served, from) : undefined;
    const handler = peer.begin(this, headers, served);
    if (!this.closed) this.handler = handler;
  }

  /** The method, whose calls are passed on when their request has come. */
  #waiting(served: RunnableMethod, from: ReadMessage): RunnableMethod {
    const { pass, run: _, ...rest } = served;
    return {
      ...rest,
      pass: (call, live, request) => {
        const { fault } = this.#form;
        if (fault) return call.onFault(fault, false);
        readMessage(from, call).then(
          (content) => {
            if (this.closed) return;
            this.remoteEnded = true;
            call.onData(content, true);
            // What it has grown to may be more than is taken, and then the call is over.
            if (!this.closed) pass?.(call, live, request);
          },
          (error: unknown) => this.#onRequestFault(call, error),
        );
      },
    };
  }

  #ask(): void {
    if (waitsToBeAsked(this.#request)) this.#response.writeContinue();
  }

  #onRequestFault(call: ServedCall, error: unknown): void {
    if (!this.closed) call.onFault(InterlockError.from(error), false);
  }

  // The answer.

  sendHeaders(headers: HeaderList, end: boolean): void {
    if (this.closed) return;
    const http = this.#headed ? 200 : Number(headers[headers.indexOf(":status") + 1]);
    if (http < 200) return; // An interim response.
    this.#isLast = end;
    if (http !== 200) {
      this.#fail(http);
      return;
    }
    if (!end || !this.#headed) {
      this.#headed = true;
      this.#answer.head(end ? [] : headers);
    }
    if (!end) return;
    const status = callStatusIn(headers);
    // A client takes that for "unimplemented" (Connect protocol, "HTTP to Error Code").
    if (!this.#form.callable && status.code === statusCode.unimplemented) this.#fail(404, status.message);
    else this.#end(status, headers);
  }

  sendData(bytes: Buffer, end: boolean): boolean {
    if (this.closed) return true;
    this.#isLast = end;
    const excess = this.#held?.received(bytes.length);
    if (excess) {
      this.#break(excess === "REQUEST_IN_PIECES" ? malformed : tooMuchUnread);
      return true;
    }
    const fault = this.#reader.push(bytes, this);
    if (fault) this.#break(fault.kind === "too-large" ? tooLarge : malformed);
    else if (end && !this.closed) this.#end(callStatusIn([]), []);
    return this.#hasRoom;
  }

  sendMessage(flags: number, message: Uint8Array, end: boolean): boolean {
    const prefix = Buffer.alloc(5);
    prefix[0] = flags;
    prefix.writeUInt32BE(message.length, 1);
    return this.sendData(Buffer.concat([prefix, message]), end);
  }

  onMessage(message: Buffer, isCompressed: boolean): void {
    if (isCompressed) this.#break(malformed);
    else if (!this.closed) this.#hasRoom = this.#answer.message(message);
  }

  reset(code: number): void {
    if (this.closed || code === errorCode.noError) return;
    this.#answerAll({ code: statusOfReset(code), message: "The bot broke the call off.", details: [] });
  }

  consumed(): void {}

  expect(): void {}

  #onRoom(): void {
    this.#hasRoom = true;
    if (!this.closed) this.handler.onRoom();
  }

  /** Answers what is no call; or with what a server has answered that does not speak gRPC. */
  #fail(http: number, text = ""): void {
    const { isCall, callable } = this.#form;
    if (isCall) {
      this.#answerAll({ code: statusOfHttp(http), message: `HTTP status ${http}`, details: [] });
      this.#cancel("fault");
      return;
    }
    this.closed = true;
    const served = callable?.served;
    const types = served && served.method.kind in mediaTypes ? mediaTypes[served.method.kind as "unary"] : [];
    const verbs = served && hasGet(served) ? "GET, POST" : "POST";
    const more =
      http === 405 ? ["allow", verbs] : http === 415 && types.length > 0 ? ["accept-post", types.join(", ")] : [];
    writeHead(this.#response, http, ["content-type", "text/plain", "content-length", String(text.length), ...more]);
    this.#response.end(text);
  }

  /** The bot's answer cannot be read: the call ends at both sides. */
  #break(error: InterlockError): void {
    if (this.closed) return;
    this.#answerAll(statusOf(error));
    this.#cancel("fault");
  }

  /** Ends the call behind, unless that has ended itself. */
  #cancel(cause: "fault" | "peer"): void {
    if (!this.#isLast) this.handler.onReset({ code: errorCode.cancel, cause, unprocessed: false });
  }

  #answerAll(status: CallStatus): void {
    if (!this.#headed) this.#answer.head([]);
    this.#headed = true;
    this.#end(status, []);
  }

  #end(status: CallStatus, trailers: HeaderList): void {
    this.closed = true;
    this.#answer.end(status, trailers);
  }

  /** Nobody waits for the answer any more, or all of it has gone. */
  leave(): void {
    this.#held?.close();
    this.#held = undefined;
    this.#abandon();
  }

  #abandon(): void {
    if (this.closed) return;
    this.closed = true;
    this.#cancel("peer");
  }
}

const nobody: StreamHandler = { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
const tooLarge = new InterlockError(
  "RESOURCE_EXHAUSTED",
  `A message of the answer has more than ${maximumAnswerBytes} bytes.`,
);
const malformed = new InterlockError("INTERNAL", "The server's answer is malformed.");
