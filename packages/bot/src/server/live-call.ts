import { setMaxListeners } from "node:events";
import { Metadata, type ServerInterceptingCallInterface, status } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import type { Attempt } from "../admission/attempt.js";
import type { Bearer } from "../admission/bearer.js";
import type { Admission } from "../admission/chain.js";
import type { OpenCall } from "../admission/connection.js";
import type { Clock } from "../base/clock.js";
import { errorDomain, type InterlockError } from "../base/error.js";
import { encodeErrorInfo } from "../base/error-details.js";
import type { Recorder } from "../base/recorder.js";
import type { Roster } from "../base/roster.js";
import type { CallContext, Caller } from "../context.js";
import { removeToken } from "../token/authorization.js";

/** What a call needs to tell that it was ended for one of our reasons. */
export interface LiveCallOptions {
  readonly recorder: Recorder;
  readonly clock: Clock;
}

/** A call from its admission to its status: what its handler sees, and what can end it from outside. */
export class LiveCall implements CallContext, OpenCall {
  readonly method: AnyMethod;
  readonly service: string;
  readonly caller: Caller;
  /** The token that it stands on now; a stream may outlive the one that admitted it. */
  bearer: Bearer | undefined;
  /** Ends the watch over the token, when the call is over. */
  stopWatching: (() => void) | undefined;
  /** Whether the client has sent all that it wanted to send. */
  halfClosed = false;
  #ended: InterlockError | undefined;
  #controller: AbortController | undefined;
  readonly #metadata: Metadata;
  readonly #call: ServerInterceptingCallInterface;
  readonly #connectionCalls: Roster<OpenCall>;
  /** Its place among the calls of the connection, until its status has been sent or never will be. */
  #place: number | undefined;
  readonly #options: LiveCallOptions;

  constructor(attempt: Attempt, admission: Admission, call: ServerInterceptingCallInterface, options: LiveCallOptions) {
    this.method = attempt.method;
    this.service = attempt.service.name;
    this.caller = admission.caller;
    this.bearer = admission.bearer;
    this.#metadata = attempt.metadata;
    this.#call = call;
    this.#options = options;
    this.#connectionCalls = attempt.connection.calls;
    this.#place = this.#connectionCalls.join(this);
  }

  // No handler needs the token, and what it does not have it cannot log.
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

  /** Why the call is over before its handler was done; `undefined` while it goes on. */
  get ended(): InterlockError | undefined {
    return this.#ended;
  }

  /** Whether no status has been sent yet. */
  get open(): boolean {
    return this.#place !== undefined;
  }

  /** The status has been sent, or never will be: the connection need not know the call any more. */
  finish(): void {
    if (this.#place === undefined) return;
    this.#connectionCalls.leave(this.#place);
    this.#place = undefined;
    this.stopWatching?.();
  }

  /** The other end has gone, or does not wait any longer. */
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

  /** Records that the call is answered with `error`, where that is for one of Interlock's own reasons. */
  refused({ domain, reason, message }: InterlockError): void {
    if (domain !== errorDomain || reason === undefined) return;
    const { recorder, clock } = this.#options;
    const { spiffeId, address } = this.caller;
    const denial = { at: clock.now(), reason, method: this.method.path, caller: spiffeId.uri, address };
    recorder.denied({ ...denial, detail: message });
  }
}

/** An error as the status of a call. */
export function toStatus(error: InterlockError): { code: number; details: string; metadata: Metadata } {
  const code = status[error.code];
  const { reason, domain = errorDomain, metadata } = error;
  const message = wellFormed(error.message);
  const trailer = reason === undefined ? new Metadata() : encodeErrorInfo(code, message, { reason, domain, metadata });
  return { code, details: message, metadata: trailer };
}

// grpc-js writes the message with `encodeURI`, which throws for half a surrogate pair: text cut in the middle of an
// emoji, or sent so on purpose, would end the process.
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
