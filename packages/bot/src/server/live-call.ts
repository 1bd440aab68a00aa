import { setMaxListeners } from "node:events";
import { type Deadline, Metadata, status } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import type { Attempt } from "../admission/attempt.js";
import type { Bearer } from "../admission/bearer.js";
import type { Caller } from "../admission/caller.js";
import type { Admission } from "../admission/chain.js";
import type { OpenCall } from "../admission/connection.js";
import type { RenewableCall } from "../admission/keep-authorized.js";
import { boundEncoded } from "../base/bounded-text.js";
import type { CallOutcome } from "../base/call-durations.js";
import { createCallId, setCallId } from "../base/call-id.js";
import type { Clock } from "../base/clock.js";
import { encodeStatus } from "../base/encode-error-info.js";
import { errorDomain, type InterlockError } from "../base/error.js";
import type { ErrorDetail } from "../base/error-detail.js";
import type { Recorder } from "../base/recorder.js";
import { retryInfo } from "../base/retry-info.js";
import type { Roster } from "../base/roster.js";
import type { CallContext } from "../context.js";
import { removeToken } from "../token/authorization.js";
import { ownReason } from "../tracing/call-ending.js";
import { runInTrace, type ServedTrace } from "../tracing/served-trace.js";
import { ResponseMetadata } from "./response-metadata.js";

/** A call over gRPC that asks to be admitted, with the metadata that its handler will be given. */
export interface GrpcAttempt extends Attempt {
  readonly method: AnyMethod;
  readonly metadata: Metadata;
  /** Its trace; absent without an SDK of OpenTelemetry. */
  readonly trace?: ServedTrace | undefined;
}

/** What a call needs to record that it was ended for one of our reasons. */
export interface LiveCallOptions {
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** Aborts when the server begins to close. */
  readonly draining: AbortSignal;
}

/** The part of a call that sends its status. */
export interface AnswerableCall {
  sendStatus(status: SentStatus): void;
  getDeadline(): Deadline;
}

/** What measures how long a call takes. */
export interface Measured {
  /** @param reason - Why it ended so, if that has a name. */
  measure(outcome: CallOutcome, code: number, reason?: string): void;
}

/** A call from its admission to its status: what its handler sees, and what can end it from outside. */
export class LiveCall implements CallContext, RenewableCall {
  readonly method: AnyMethod;
  readonly service: string;
  readonly caller: Caller;
  /** The token that authorizes the call now; a stream may outlive the one that admitted it. */
  bearer: Bearer | undefined;
  /** The token that admitted the call. What an operator has approved is looked up in it, however late the request comes. */
  readonly admittedBy: Bearer | undefined;
  stopWatching: (() => void) | undefined;
  #ended: InterlockError | undefined;
  #controller: AbortController | undefined;
  readonly #attempt: GrpcAttempt;
  #callId: string | undefined;
  readonly #call: AnswerableCall;
  readonly #connectionCalls: Roster<OpenCall>;
  /** Its place among the calls of the connection, until its status has been sent or never will be. */
  #place: number | undefined;
  readonly #measured: Measured;
  readonly #options: LiveCallOptions;
  #headers: ResponseMetadata | undefined;
  #trailers: ResponseMetadata | undefined;
  #headersSent = false;
  #held = false;
  /** Called when the handler has begun, where it was held back. */
  onRelease: (() => void) | undefined;

  constructor(
    attempt: GrpcAttempt,
    admission: Admission,
    call: AnswerableCall,
    measured: Measured,
    options: LiveCallOptions,
  ) {
    this.method = attempt.method;
    this.service = attempt.service;
    this.caller = admission.caller;
    this.bearer = admission.bearer;
    this.admittedBy = admission.bearer;
    this.#attempt = attempt;
    this.#call = call;
    this.#measured = measured;
    this.#options = options;
    this.#connectionCalls = attempt.connection.calls;
    this.#place = this.#connectionCalls.join(this);
  }

  // No handler needs the token, and a handler cannot log what it does not have.
  get metadata(): Metadata {
    const { metadata } = this.#attempt;
    removeToken(metadata);
    return metadata;
  }

  get trace(): ServedTrace | undefined {
    return this.#attempt.trace;
  }

  // Made when it is asked for, which no call that succeeds does by itself.
  get callId(): string {
    this.#callId ??= createCallId(this.#attempt.metadata);
    return this.#callId;
  }

  /** The id of the call if it is in a log already. */
  get usedCallId(): string | undefined {
    return this.#callId;
  }

  get deadline(): Date | undefined {
    const deadline = this.#call.getDeadline();
    if (deadline instanceof Date) return deadline;
    return deadline === Number.POSITIVE_INFINITY ? undefined : new Date(deadline);
  }

  // Made when a handler asks for it; most never do.
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // A handler may make any number of calls under it.
      if (this.#ended) this.#controller.abort(this.#ended);
    }
    return this.#controller.signal;
  }

  get draining(): AbortSignal {
    return this.#options.draining;
  }

  get responseHeaders(): ResponseMetadata {
    this.#headers ??= new ResponseMetadata("responseHeaders");
    if (this.#headersSent) this.#headers.seal(headersSent);
    return this.#headers;
  }

  get responseTrailers(): ResponseMetadata {
    this.#trailers ??= new ResponseMetadata("responseTrailers");
    if (!this.open) this.#trailers.seal(over);
    return this.#trailers;
  }

  /** Says that the handler has not begun, because interceptors run before it. */
  hold(): void {
    this.#held = true;
  }

  /** Says that the handler has begun. */
  release(): void {
    this.#held = false;
    this.onRelease?.();
  }

  /** Whether the headers of the answer may be set yet: the handler has taken them, or has not begun. */
  get holdsHeaders(): boolean {
    return this.#held || this.#headers !== undefined;
  }

  /** Whether the handler has set headers. */
  get hasHeaders(): boolean {
    return this.#headers?.isEmpty === false;
  }

  /** The headers that the handler has set, if any. They are sent now. */
  takeHeaders(): Metadata | undefined {
    this.#headersSent = true;
    this.#headers?.seal(headersSent);
    return this.hasHeaders ? this.#headers : undefined;
  }

  /** The trailers that the handler has set, if any. They are sent now. */
  takeTrailers(): Metadata | undefined {
    this.#trailers?.seal(over);
    return this.#trailers?.isEmpty === false ? this.#trailers : undefined;
  }

  /** Why the call ended before its handler had finished; `undefined` while it goes on. */
  get ended(): InterlockError | undefined {
    return this.#ended;
  }

  /** Whether no status has been sent yet. */
  get open(): boolean {
    return this.#place !== undefined;
  }

  /** Takes the call off its connection, because the status has been sent or never will be. */
  finish(): void {
    if (this.#place === undefined) return;
    this.#connectionCalls.leave(this.#place);
    this.#place = undefined;
    this.stopWatching?.();
  }

  /** Aborts the handler, because the other end has gone or does not wait any longer. */
  cancel(error: InterlockError): void {
    if (!this.open) return;
    this.finish();
    this.#ended = error;
    this.#controller?.abort(error);
  }

  end(error: InterlockError): void {
    if (this.open) this.refused(error);
    const outcome = outcomeOf(error);
    this.#measured.measure(
      outcome,
      status[error.code],
      ownReason(error) ?? (outcome === "canceled" ? "SERVER_CLOSED" : undefined),
    );
    this.cancel(error);
    this.#call.sendStatus(toStatus(error, this.callId));
  }

  count(at: number): void {
    const { spiffeId, actors } = this.caller;
    this.#options.recorder.admitted(this.method.path, spiffeId.uri, at, actors);
  }

  /** Records that the call is answered with `error`, if the error has one of Interlock's own reasons. */
  refused({ domain, reason, message }: InterlockError): void {
    if (domain !== errorDomain || reason === undefined) return;
    const { recorder, clock } = this.#options;
    const { spiffeId, actors, address } = this.caller;
    const method = this.method.path;
    const [at, caller, detail, callId] = [clock.now(), spiffeId.uri, message, this.callId];
    runInTrace(this.trace, () => recorder.denied({ at, reason, method, caller, actors, address, detail, callId }));
  }
}

const headersSent =
  "they have been sent; set them before the first message and, on a stream, take them before the first await";
const over = "the call is over";

/** How a call ended that was ended from outside its handler. */
function outcomeOf({ domain, reason, code }: InterlockError): CallOutcome {
  if (domain === errorDomain && reason !== undefined) return "denied";
  return code === "UNAVAILABLE" ? "canceled" : "failed"; // The server closes; or its answer could not be written.
}

/**
 * The longest message of a status, percent-encoded: 2 KiB. More than 64 KiB of trailers, and a call hangs and takes the others
 * of its connection with it; many peers take 8 KiB.
 */
export const maximumMessageBytes = 2_048;

/** A status as it is sent. */
export interface SentStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
  /** The reason of Interlock for it, if it has one. */
  readonly reason?: string | undefined;
}

/** The error that was written last: one may end thousands of calls. */
let written: { readonly error: InterlockError; readonly status: SentStatus } | undefined;

/** An error as the status of a call, with the id under which it is logged. What is too long in it is cut. */
export function toStatus(error: InterlockError, callId?: string): SentStatus {
  if (written?.error !== error) written = { error, status: write(error) };
  const { status } = written;
  const metadata = status.metadata.clone();
  if (callId !== undefined) setCallId(metadata, callId);
  return { ...status, metadata };
}

function write(error: InterlockError): SentStatus {
  const { code, details, info, retry } = partsOf(error);
  // Those of another bot do not concern this caller.
  const more = () => (error.remote ? retry : [...retry, ...error.details]);
  const metadata = info ? encodeStatus(code, details, info, more()).metadata : new Metadata();
  return { code, details, metadata, reason: ownReason(error) };
}

/**
 * An error that a handler has thrown, as the status of its call. It cannot pass for one that a client made up itself. `onLeftOut`
 * gets the details that are not sent, because there is no room for them.
 */
export function toAnswer(
  error: InterlockError,
  callId?: string,
  onLeftOut?: (details: readonly ErrorDetail[]) => void,
): SentStatus {
  const { code, details, info, retry } = partsOf(error);
  const more = error.remote ? [] : [...retry, ...error.details]; // Those of another bot do not concern this caller.
  const marked = info !== undefined || error.code === "UNAVAILABLE" || more.length > 0;
  const { metadata, leftOut } = marked
    ? encodeStatus(code, details, info, more)
    : { metadata: new Metadata(), leftOut: [] };
  if (leftOut.length > 0) onLeftOut?.(leftOut);
  if (callId !== undefined) setCallId(metadata, callId);
  return { code, details, metadata, reason: ownReason(error) };
}

function partsOf(error: InterlockError) {
  const { code, message, reason, domain = errorDomain, metadata } = error;
  // Well-formed, too: grpc-js uses `encodeURI`, which throws for half a surrogate pair, and that would end the process.
  const details = boundEncoded(message, maximumMessageBytes);
  const info = reason === undefined ? undefined : { reason, domain, metadata };
  return { code: status[code], details, info, retry: retryInfo(error) };
}
