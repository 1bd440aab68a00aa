import { AsyncLocalStorage } from "node:async_hooks";
import type { Metadata } from "@grpc/grpc-js";
import type { AnyMethod, SpiffeId } from "@interlock/policy";
import type { Certificate } from "./identity/certificate.js";

/** Who calls: worked out once per connection from the certificate, and from the token where there is one. */
export interface Caller {
  /** In whose name: whom the scopes were granted to. With no {@link actors}, the bot at the other end. */
  readonly spiffeId: SpiffeId;
  /** The name within the trust domain, for example `leader/1`. */
  readonly name: string;
  /**
   * Who acts for the caller (RFC 8693): the bot at the other end first, then whom that one acts for in turn. Empty when
   * the caller is at the other end itself.
   */
  readonly actors: readonly SpiffeId[];
  /** What the caller's token allows at this service; empty for methods open to any bot. */
  readonly scopes: ReadonlySet<string>;
  /** The client certificate of the connection: the caller's, or that of the first of those who act for it. */
  readonly certificate: Certificate;
  /** `host:port` of the other end. */
  readonly address: string;
}

/** What a handler knows of the call it serves. */
export interface CallContext {
  readonly caller: Caller;
  readonly method: AnyMethod;
  /** Aborts when the caller cancels, the deadline passes, or the caller is shut out. */
  readonly signal: AbortSignal;
  /** When the caller stops waiting; absent when it waits without end. */
  readonly deadline: Date | undefined;
  /** What the caller sent besides the message. */
  readonly metadata: Metadata;
}

const storage = new AsyncLocalStorage<CallContext>();
let calling = false;

/**
 * From now on, what a handler calls takes its deadline and its cancellation from the call that it serves. It is asked for
 * when the first client is made: Node 20 makes every promise of a process dearer for it, and a bot that only serves need
 * not pay.
 */
export function propagateCalls(): void {
  calling = true;
}

/** The call that is being served here, if any; client calls take their deadline and cancellation from it. */
export function currentCall(): CallContext | undefined {
  return storage.getStore();
}

/** Calls `serve` with `input` and `context`, as part of serving `context`. */
export function runInCall<Input, Context extends CallContext, Output>(
  serve: (input: Input, context: Context) => Output,
  input: Input,
  context: Context,
): Output {
  return calling ? storage.run(context, serve, input, context) : serve(input, context);
}
