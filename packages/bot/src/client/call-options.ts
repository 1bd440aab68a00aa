import { setMaxListeners } from "node:events";
import type { Metadata } from "@grpc/grpc-js";
import { InterlockError } from "../base/error.js";
import { currentCall } from "../context.js";
import { hasToken } from "../token/authorization.js";

/** What a caller may say of one call. */
export interface CallOptions {
  /** How long to wait, in milliseconds. Unary and client-streaming calls wait 30 s unless told; others without end. */
  readonly timeoutMs?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** Sent along; `authorization` is not the caller's to set. */
  readonly metadata?: Metadata;
  /** Leaves the call that is being served here out of it: neither its deadline nor its cancellation applies. */
  readonly detached?: boolean;
}

/** How long a call with one answer waits unless told, in milliseconds. */
export const defaultTimeoutMs = 30_000;

/** When a call ends, and what ends it before. */
export interface CallBounds {
  /** `Infinity` for no deadline, milliseconds since the epoch otherwise. */
  readonly deadline: number;
  /** Each cancels the call. */
  readonly signals: readonly AbortSignal[];
}

/** The bounds of a call: its own, and those of the call that is being served here. Throws when the options are unsound. */
export function boundsOf(options: CallOptions, unlessTold: number): CallBounds {
  const { timeoutMs = unlessTold, signal, detached, metadata } = options;
  if (metadata && hasToken(metadata)) {
    throw new InterlockError("INVALID_ARGUMENT", 'Metadata "authorization" is set by Interlock; leave it out.');
  }
  if (signal) setMaxListeners(0, signal); // Any number of calls may run under one.
  if (!(timeoutMs > 0))
    throw new InterlockError("INVALID_ARGUMENT", `timeoutMs is ${timeoutMs}; it must be above zero.`);
  const parent = detached ? undefined : currentCall();
  const own = timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : Date.now() + timeoutMs;
  const deadline = Math.min(own, parent?.deadline?.getTime() ?? Number.POSITIVE_INFINITY);
  return { deadline, signals: signal || parent ? [signal, parent?.signal].filter((s) => s !== undefined) : none };
}

const none: readonly AbortSignal[] = [];

/** The error of a call that one of its signals has canceled; `undefined` where none has. */
export function cancellationOf({ signals }: CallBounds): InterlockError | undefined {
  const aborted = signals.find((signal) => signal.aborted);
  if (!aborted) return undefined;
  if (aborted.reason instanceof InterlockError) return aborted.reason;
  return new InterlockError("CANCELLED", "The call was canceled.", { cause: aborted.reason });
}
