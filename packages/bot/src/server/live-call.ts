import { setMaxListeners } from "node:events";
import { Metadata, type ServerInterceptingCallInterface, status } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import type { Attempt } from "../admission/attempt.js";
import type { Bearer } from "../admission/bearer.js";
import type { Caller } from "../admission/caller.js";
import type { Admission } from "../admission/chain.js";
import type { OpenCall } from "../admission/connection.js";
import type { RenewableCall } from "../admission/keep-authorized.js";
import { boundEncoded } from "../base/bounded-text.js";
import type { Clock } from "../base/clock.js";
import { errorDomain, type InterlockError } from "../base/error.js";
import { encodeErrorInfo } from "../base/error-details.js";
import type { Recorder } from "../base/recorder.js";
import type { Roster } from "../base/roster.js";
import type { CallContext } from "../context.js";
import { removeToken } from "../token/authorization.js";

/** A call over gRPC that asks to be admitted, with the metadata that its handler will be given. */
export interface GrpcAttempt extends Attempt {
  readonly method: AnyMethod;
  readonly metadata: Metadata;
}

/** What a call needs to record that it was ended for one of our reasons. */
export interface LiveCallOptions {
  readonly recorder: Recorder;
  readonly clock: Clock;
}

/** A call from its admission to its status: what its handler sees, and what can end it from outside. */
export class LiveCall implements CallContext, RenewableCall {
  readonly method: AnyMethod;
  readonly service: string;
  readonly caller: Caller;
  /** The token that authorizes the call now; a stream may outlive the one that admitted it. */
  bearer: Bearer | undefined;
  stopWatching: (() => void) | undefined;
  /** Whether the client has sent everything that it wants to send. */
  halfClosed = false;
  #ended: InterlockError | undefined;
  #controller: AbortController | undefined;
  readonly #metadata: Metadata;
  readonly #call: ServerInterceptingCallInterface;
  readonly #connectionCalls: Roster<OpenCall>;
  /** Its place among the calls of the connection, until its status has been sent or never will be. */
  #place: number | undefined;
  readonly #options: LiveCallOptions;

  constructor(
    attempt: GrpcAttempt,
    admission: Admission,
    call: ServerInterceptingCallInterface,
    options: LiveCallOptions,
  ) {
    this.method = attempt.method;
    this.service = attempt.service;
    this.caller = admission.caller;
    this.bearer = admission.bearer;
    this.#metadata = attempt.metadata;
    this.#call = call;
    this.#options = options;
    this.#connectionCalls = attempt.connection.calls;
    this.#place = this.#connectionCalls.join(this);
  }

  // No handler needs the token, and a handler cannot log what it does not have.
  get metadata(): Metadata {
    removeToken(this.#metadata);
    return this.#metadata;
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
    this.cancel(error);
    this.#call.sendStatus(toStatus(error));
  }

  /** Records that the call is answered with `error`, if the error has one of Interlock's own reasons. */
  refused({ domain, reason, message }: InterlockError): void {
    if (domain !== errorDomain || reason === undefined) return;
    const { recorder, clock } = this.#options;
    const { spiffeId, address } = this.caller;
    const method = this.method.path;
    recorder.denied({ at: clock.now(), reason, method, caller: spiffeId.uri, address, detail: message });
  }
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
}

/** An error as the status of a call. What is too long in it is cut. */
export function toStatus(error: InterlockError): SentStatus {
  const { code, details, info } = partsOf(error);
  return { code, details, metadata: info ? encodeErrorInfo(code, details, info) : new Metadata() };
}

/** An error that a handler has thrown, as the status of its call. It cannot pass for one that a client made up itself. */
export function toAnswer(error: InterlockError): SentStatus {
  const { code, details, info } = partsOf(error);
  const marked = info !== undefined || error.code === "UNAVAILABLE";
  return { code, details, metadata: marked ? encodeErrorInfo(code, details, info) : new Metadata() };
}

function partsOf({ code, message, reason, domain = errorDomain, metadata }: InterlockError) {
  // Well-formed, too: grpc-js uses `encodeURI`, which throws for half a surrogate pair, and that would end the process.
  const details = boundEncoded(message, maximumMessageBytes);
  return { code: status[code], details, info: reason === undefined ? undefined : { reason, domain, metadata } };
}
