import { type Metadata, status } from "@grpc/grpc-js";
import {
  type DecodedBlock,
  errorCode,
  type HeaderList,
  longestTimerMs,
  type Reset,
  type StreamHandler,
  statusIn,
  statusOfReset,
} from "@interlock/wire";
import type { Admission, Chain } from "../admission/chain.js";
import type { Connection } from "../admission/connection.js";
import { keepAuthorized } from "../admission/keep-authorized.js";
import { boundEncoded } from "../base/bounded-text.js";
import type { CallOutcome } from "../base/call-durations.js";
import { createCallId } from "../base/call-id.js";
import { denial, InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import type { Roster } from "../base/roster.js";
import { type EndReason, reasonOfCode } from "../tracing/call-ending.js";
import { registeredTracing, type Tracing } from "../tracing/registered-tracing.js";
import { beginServedTrace, knownTrace, runInTrace, type ServedTrace } from "../tracing/served-trace.js";
import type { Trust } from "../trust/trust.js";
import {
  answerHead,
  listWith,
  packedHead,
  packing,
  splitTrailersOnly,
  succeeded,
  trailersOf,
  trailersOnlyOf,
} from "./answers.js";
import type { ApprovedCalls } from "./approved-calls.js";
import { armLater, type Expiring } from "./arm-later.js";
import { asDenial, asksForToken, cancellation } from "./as-denial.js";
import type { CallStream } from "./call-stream.js";
import { IncomingRequest, type IncomingRequestOptions, type RequestOwner } from "./incoming-request.js";
import { type IntroductionOptions, introduce } from "./introduction.js";
import { largestMessageBytes } from "./limits.js";
import {
  type AnswerableCall,
  type GrpcAttempt,
  LiveCall,
  type LiveCallOptions,
  maximumMessageBytes,
  type SentStatus,
  toStatus,
} from "./live-call.js";
import type { ServedMethod } from "./options.js";
import { type PackedMessage, packAnswer } from "./pack-answer.js";
import { PassedRequest } from "./passed-request.js";
import { metadataIn, type RequestHead } from "./request-head.js";
import type { Visitor } from "./visitor.js";

/** Runs the handler of a method; the answers go to the call. */
export type RunHandler = (call: ServedCall, live: LiveCall, request: IncomingRequest) => void;

/** Passes a call on that has been admitted, as bytes; so do the answers go to the call. */
export type PassCall = (call: ServedCall, live: LiveCall, request: PassedRequest) => void;

/** A method that is served over our own HTTP/2: by a handler, or by passing its calls on. */
export type RunnableMethod = ServedMethod &
  ({ readonly run: RunHandler; readonly pass?: undefined } | { readonly pass: PassCall; readonly run?: undefined });

/** What a call needs of its server. */
export interface ServedCallOptions extends IntroductionOptions, LiveCallOptions, IncomingRequestOptions {
  readonly chain: Chain;
  readonly trust: Trust;
  readonly approvedCalls: ApprovedCalls;
  /** The calls that are open. */
  readonly open: Roster<ServedCall>;
  /** The bot that a call with this head counts for now; another than `visitor` has to be given back with its `leave`. */
  callerOf(visitor: Visitor, head: RequestHead): Visitor;
  /** The denial of one more call, where a bot has too many open. */
  tooManyCalls(visitor: Visitor): InterlockError | undefined;
}

/**
 * A call from the headers of its stream to its status: it is checked by the chain before anything of its request is decoded,
 * its request is bounded as it arrives, and every outcome is recorded.
 */
export class ServedCall implements StreamHandler, AnswerableCall, GrpcAttempt, RequestOwner, Expiring {
  readonly service: string;
  readonly via: readonly string[] | undefined;
  readonly method: RunnableMethod["method"];
  readonly checksConditions: boolean;
  readonly connection: Connection;
  readonly now: number;
  readonly request: IncomingRequest | PassedRequest;
  readonly #head: RequestHead;
  readonly #stream: CallStream;
  readonly #served: RunnableMethod;
  #visitor: Visitor;
  readonly #options: ServedCallOptions;
  /** Whether the messages of its answer may be compressed. */
  readonly #packs: boolean;
  readonly #arrivedAt = performance.now();
  readonly #place: number;
  #metadata: Metadata | undefined;
  #live: LiveCall | undefined;
  #headSent = false;
  /** Metadata that goes before the answer. */
  #introduction: Metadata | undefined;
  /** Whether the call is over: its status has been given to the stream, or never will be. */
  #over = false;
  #measured = false;
  #trace: ServedTrace | undefined;
  #code: number = status.CANCELLED;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #onRoom: (() => void) | undefined;

  constructor(
    stream: CallStream,
    head: RequestHead,
    served: RunnableMethod,
    visitor: Visitor,
    options: ServedCallOptions,
  ) {
    const { connection, load } = visitor;
    const { method, service } = served;
    const { clock, open } = options;
    this.#stream = stream;
    this.#head = head;
    this.#served = served;
    this.#visitor = visitor;
    this.#options = options;
    this.service = service.name;
    this.via = service.via;
    this.method = method;
    this.checksConditions = served.checksConditions;
    this.connection = connection;
    this.now = clock.now();
    this.#packs = served.packs && head.acceptEncoding.includes(packing);
    this.request = served.pass
      ? new PassedRequest(this, served, load, options)
      : new IncomingRequest(this, head, served, load, options);
    load.calls++;
    this.#place = open.join(this);
  }

  // What the chain asks.

  get authorization(): readonly string[] {
    return this.#head.authorization;
  }

  get references(): readonly string[] {
    return this.#head.references;
  }

  get metadata(): Metadata {
    this.#metadata ??= metadataIn(this.#head.headers);
    return this.#metadata;
  }

  /** Its trace, which begins when it has been decided on: what only asks for the whole token is no call of its own. */
  get trace(): ServedTrace | undefined {
    return this.#trace;
  }

  #beginTrace(): ServedTrace | undefined {
    const tracing = this.#trace ? undefined : registeredTracing();
    if (!tracing) return this.#trace;
    this.#trace = knownTrace(tracing, this.#head) ?? this.#beginOwnTrace(tracing);
    return this.#trace;
  }

  #beginOwnTrace(tracing: Tracing): ServedTrace | undefined {
    const { peer, address } = this.connection;
    const call = { path: this.method.path, head: this.#head, arrivedAt: this.#arrivedAt };
    return beginServedTrace({ ...call, caller: peer.uri, address }, tracing);
  }

  /** Has the chain decide. With `end`, there is no request. */
  start(end: boolean): void {
    const { timeoutMs } = this.#head;
    if (typeof timeoutMs === "number" && timeoutMs <= longestTimerMs) {
      this.#deadline = Date.now() + timeoutMs;
      armLater(this);
    }
    try {
      const admission = this.#options.chain(this);
      if (admission instanceof Promise) {
        admission.then(
          (admitted) => this.#letIn(admitted, true),
          (thrown: unknown) => this.#refuse(thrown),
        );
      } else this.#letIn(admission, false);
    } catch (thrown) {
      this.#refuse(thrown);
    }
    if (end) this.request.end();
  }

  #letIn(admission: Admission, isVerifiedNow: boolean): void {
    if (this.#over) return; // The caller went away during the check: nothing would tell the handler to stop.
    if (isVerifiedNow) {
      const limited = this.#charge();
      if (limited) {
        this.#refuse(limited);
        return;
      }
    }
    this.#beginTrace();
    const { method } = this;
    // What is passed on is unpacked by the server that it goes to, if at all.
    const isUnpacked = !this.#served.pass && this.#head.encoding !== "identity";
    if (isUnpacked && (method.policy.anyBot || !(this.#head.encoding in encodings))) {
      this.#refuseEncoding();
      return;
    }
    this.#introduction = introduce(this, this.#served, isVerifiedNow, this.#options);
    const live = new LiveCall(this, admission, this, this, this.#options);
    this.#live = live;
    if (method.kind !== "unary") keepAuthorized(live, this.connection, this.#options.trust, this.#options.clock);
    live.count(this.now);
    if (this.request.isReady) this.#run(live);
  }

  /**
   * Has the call count for the subject of its token, which may have been verified only now. Otherwise the first calls of one
   * caller, open for hours, would use up what the gateway may have open, and with it the first calls of the others.
   */
  #charge(): InterlockError | undefined {
    const before = this.#visitor;
    const { callerOf, tooManyCalls } = this.#options;
    const next = callerOf(before, this.#head);
    if (next === before) return undefined;
    const limited = tooManyCalls(next);
    if (limited) {
      next.leave?.();
      return limited;
    }
    next.load.calls++;
    this.request.charge(next.load);
    before.load.calls--;
    before.leave?.();
    this.#visitor = next;
    return undefined;
  }

  #run(live: LiveCall): void {
    const { request } = this;
    if (request instanceof PassedRequest) {
      this.#served.pass?.(this, live, request);
      return;
    }
    if (this.method.policy.approval !== undefined && !this.#isApproved(live, request)) return;
    this.#served.run?.(this, live, request);
    // The caller of a stream may wait for the voucher, and not for an answer.
    if (this.method.kind === "unary" || !this.#introduction) return;
    live.onRelease = () => this.#beginAnswer(live);
    this.#beginAnswer(live);
  }

  /**
   * Whether the request is the one that an operator has approved, where the token that admitted the call says so; otherwise, the
   * call is refused. Another token, without an approval, may have taken the place of that one before the request came.
   */
  #isApproved(live: LiveCall, { message }: IncomingRequest): boolean {
    const { approvedCalls, clock } = this.#options;
    const fault = approvedCalls.take(live.admittedBy, message ?? noMessage, clock.now());
    if (fault) live.end(fault);
    return fault === undefined;
  }

  #beginAnswer(live: LiveCall): void {
    if (!live.holdsHeaders && !this.#over) this.#sendHead();
  }

  #refuse(thrown: unknown): void {
    if (this.#over) return;
    const error = asDenial(thrown);
    const reason = error.reason ?? error.code;
    if (asksForToken(this.connection, reason)) {
      this.#measured = true;
      this.#sendStatus(toStatus(error));
      return;
    }
    this.#beginTrace();
    const callId = createCallId(this.metadata);
    this.#deny(reason, error.message, callId);
    this.measure("denied", status[error.code], reason);
    this.#sendStatus(toStatus(error, callId));
  }

  /** Nothing is unpacked for a caller that need not show a token. */
  #refuseEncoding(): void {
    this.#deny("ENCODING_REFUSED", this.#head.encoding.slice(0, 32));
    const { code, details, metadata, reason } = toStatus(denial("ENCODING_REFUSED"));
    metadata.set("grpc-accept-encoding", "identity");
    this.measure("denied", code, reason);
    this.#sendStatus({ code, details, metadata });
  }

  #deny(reason: Reason | string, detail: string, callId?: string): void {
    const { peer, address } = this.connection;
    const { path: method } = this.method;
    const record = { at: this.now, reason, method, caller: peer.uri, address, detail, callId };
    runInTrace(this.#trace, () => this.#options.recorder.denied(record));
  }

  // The request.

  get callerUri(): string {
    return this.#visitor.charged.uri;
  }

  onHeaders({ headers }: DecodedBlock, _end: boolean): void {
    this.request.end(headers);
  }

  onData(bytes: Buffer, end: boolean): void {
    if (this.#over) this.#stream.consumed(bytes.length);
    else this.request.push(bytes, end);
    if (end) this.request.end();
  }

  onWhole(): void {
    if (this.#live && !this.#over) this.#run(this.#live);
  }

  onFault(error: InterlockError, isAttack: boolean): void {
    if (this.#over) return;
    if (this.#live) this.#live.end(error);
    else this.#refuse(error);
    if (isAttack) this.connection.destroy();
  }

  credit(bytes: number): void {
    this.#stream.consumed(bytes);
  }

  expect(bytes: number): void {
    this.#stream.expect(bytes);
  }

  // The answer.

  getDeadline(): number {
    return this.#deadline;
  }

  /** Compresses a message of the answer; `undefined` for one that is sent as it is. */
  pack(message: Buffer): Promise<PackedMessage> | undefined {
    return this.#packs && !this.#over && message.length <= largestMessageBytes ? packAnswer(message) : undefined;
  }

  /**
   * Sends a message of the answer; `flags` is 1 for a compressed one. False where the caller is slow: `room` tells when it is not
   * any more.
   */
  sendMessage(message: Buffer, flags = 0): boolean {
    if (this.#over) return true;
    if (message.length > largestMessageBytes) {
      const text = `The answer has ${message.length} bytes, and may have ${largestMessageBytes}.`;
      this.sendStatus({ code: status.RESOURCE_EXHAUSTED, details: text, metadata: undefined });
      return true;
    }
    this.#sendHead();
    return this.#stream.sendMessage(flags, message, false);
  }

  /** Resolves when there is room for another message, or the call is over. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over) resolve();
      else this.#onRoom = resolve;
    });
  }

  /** Sends the status of a handler, or of what ends the call from outside. */
  sendStatus(answer: Omit<SentStatus, "metadata"> & { readonly metadata: Metadata | undefined }): void {
    if (this.#over) return;
    this.measure(answer.code === status.OK ? "answered" : "failed", answer.code, answer.reason);
    this.#live?.finish();
    this.#sendStatus(answer);
  }

  /** Sends the status of a handler that has failed, with the metadata that the handler has set. */
  fail({ code, details, metadata, reason }: SentStatus): void {
    if (this.#over) return;
    if (this.#live?.hasHeaders) this.#sendHead();
    const trailers = this.#live?.takeTrailers();
    if (trailers) metadata.merge(trailers);
    this.sendStatus({ code, details, metadata, reason });
  }

  /** Ends an answer that succeeded. */
  succeed(): void {
    if (this.#over) return;
    this.measure("answered", status.OK);
    this.#live?.finish();
    this.#sendHead();
    const trailers = this.#live?.takeTrailers();
    if (trailers) this.#stream.sendHeaders(listWith(succeeded, trailers), true);
    else this.#stream.sendHeaders(succeeded, true, true);
    this.#close();
  }

  // An answer that is passed on.

  /** The code with which it has ended; CANCELLED before that. */
  get code(): number {
    return this.#code;
  }

  /** What the header list of the request says. */
  get head(): RequestHead {
    return this.#head;
  }

  /** Sends the header list of an interim response as it is (RFC 9110, section 15.2). */
  passInterim(headers: HeaderList): void {
    if (!this.#over && !this.#headSent) this.#stream.sendHeaders(headers, false);
  }

  /** Sends a header list as it is, with what this server has to say itself. With `end`, the call is over. */
  passHeaders(headers: HeaderList, end: boolean, recurring = false): void {
    if (this.#over) return;
    const own = this.#headSent ? undefined : this.#introduction;
    this.#headSent = true;
    if (end) this.#passedWith(headers);
    if (!own) this.#stream.sendHeaders(headers, end, recurring);
    else if (end) this.#passWhole(headers, own);
    else this.#stream.sendHeaders(listWith(headers, own), false);
    if (end) this.#close();
  }

  /** Clients read no initial metadata in "Trailers-Only": what this server has to say itself goes before it. */
  #passWhole(headers: HeaderList, own: Metadata): void {
    const { head, trailers } = splitTrailersOnly(headers);
    this.#stream.sendHeaders(listWith(head, own), trailers.length === 0);
    if (trailers.length > 0) this.#stream.sendHeaders(trailers, true);
  }

  /**
   * Sends content as it is. With `end`, the call is over, without a status. False where the caller is slow: `onceRoom` is called
   * when it is not any more.
   */
  passData(bytes: Buffer, end: boolean, onceRoom: () => void): boolean {
    if (this.#over) return true;
    if (end) this.#passedWith(nothing);
    const hasRoom = this.#stream.sendData(bytes, end);
    if (this.#over) return true; // Where too much waits, the stream has been reset.
    if (end) this.#close();
    if (hasRoom || end) return true;
    this.#onRoom = onceRoom;
    return false;
  }

  /** Resets the stream with the code with which the one behind it was reset. */
  passReset(code: number): void {
    if (this.#over) return;
    this.measure("failed", statusOfReset(code));
    this.#live?.finish();
    this.#stream.reset(code);
    this.#close();
  }

  #passedWith(trailers: HeaderList): void {
    const code = statusIn(trailers);
    this.measure(code === status.OK ? "answered" : "failed", code);
    this.#live?.finish();
  }

  #sendHead(): void {
    if (this.#headSent) return;
    this.#headSent = true;
    const own = this.#live?.takeHeaders();
    const introduction = this.#introduction;
    const head = this.#packs ? packedHead : answerHead;
    if (introduction || own) this.#stream.sendHeaders(listWith(head, introduction, own), false);
    else this.#stream.sendHeaders(head, false, true);
  }

  #sendStatus({ code, details, metadata }: { code: number; details: string; metadata?: Metadata | undefined }): void {
    const message = boundEncoded(details, maximumMessageBytes);
    if (this.#introduction) this.#sendHead();
    if (this.#headSent) this.#stream.sendHeaders(trailersOf(code, message, metadata), true);
    else this.#stream.sendHeaders(trailersOnlyOf(code, message, metadata), true);
    this.#close();
  }

  // The end.

  onRoom(): void {
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  onReset({ cause, code }: Reset): void {
    if (this.#over) return;
    const isLost = cause === "connection";
    if (this.#live?.open) this.#abort(cancellation(this.#live), isLost ? "CONNECTION_LOST" : undefined);
    this.#close(cause === "peer" ? code : errorCode.cancel);
  }

  arm(): void {
    if (this.#over) return;
    const elapsedMs = performance.now() - this.#arrivedAt;
    this.#timer = setTimeout(expire, (this.#head.timeoutMs as number) - elapsedMs, this);
  }

  /** The deadline has passed. */
  expire(): void {
    if (this.#over) return;
    const error = new InterlockError("DEADLINE_EXCEEDED", "The deadline has passed.");
    this.#abort(error);
    this.#sendStatus({ code: status.DEADLINE_EXCEEDED, details: error.message });
  }

  #abort(why: InterlockError, reason: EndReason | undefined = reasonOfCode(why.code)): void {
    this.measure("canceled", status[why.code], reason);
    this.#live?.cancel(why);
    this.request.abort(why);
  }

  measure(outcome: CallOutcome, code: number, reason?: string): void {
    if (this.#measured) return;
    this.#measured = true;
    this.#code = code;
    const trace = this.#beginTrace();
    if (trace?.isRecorded) trace.end({ code, reason }, outcome);
    this.#served.durations.record(outcome, code, performance.now() - this.#arrivedAt);
  }

  /** @param code - With which the caller has reset the stream, if it has. */
  #close(code: number = errorCode.cancel): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.measure("canceled", status.CANCELLED, "CALL_CANCELED"); // Nothing has answered it.
    this.#visitor.load.calls--;
    this.#options.open.leave(this.#place);
    this.request.close(code);
    this.#visitor.leave?.();
    this.#onRoom?.();
    // Once the status has been written, whatever is still being sent is not waited for (RFC 9113, section 8.1).
    if (!this.#stream.remoteEnded) this.#stream.reset(errorCode.noError);
  }
}

/** The encodings that can be unpacked. */
const encodings: Readonly<Record<string, true>> = { gzip: true, deflate: true };

const nothing: HeaderList = [];

const noMessage = new Uint8Array();

function expire(call: ServedCall): void {
  call.expire();
}
