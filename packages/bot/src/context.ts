import { AsyncLocalStorage } from "node:async_hooks";
import type { Metadata } from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import type { Caller } from "./admission/caller.js";

/**
 * What a handler knows about the call it serves: the second argument of every handler.
 *
 * @example
 * ```ts
 * async grip({ newtons }, { caller, signal, deadline }) {
 *   await motor.close(newtons, { signal, heldBy: caller.name });
 *   return { held: true };
 * }
 * ```
 */
export interface CallContext {
  /** The bot that the call is made for. */
  readonly caller: Caller;
  /** The method that is called, with its policy. */
  readonly method: AnyMethod;
  /** Aborts when the caller cancels, the deadline passes, or the caller is revoked. */
  readonly signal: AbortSignal;
  /** When the caller stops waiting; absent when it set no deadline. */
  readonly deadline: Date | undefined;
  /** The metadata that the caller sent, without its token. */
  readonly metadata: Metadata;
}

const storage = new AsyncLocalStorage<CallContext>();
let calling = false;

/**
 * Makes client calls take their deadline and their cancellation from the call that is being served, from now on. The first
 * client of a process asks for it: on Node 20 it slows down every promise of the process, and a bot that only serves does
 * not need it.
 */
export function propagateCalls(): void {
  calling = true;
}

/** The call that is being served here, if any. Client calls take their deadline and cancellation from it. */
export function currentCall(): CallContext | undefined {
  return storage.getStore();
}

/** Calls `serve` with `input` and `context`; while it runs, {@link currentCall} is `context`. */
export function runInCall<Input, Context extends CallContext, Output>(
  serve: (input: Input, context: Context) => Output,
  input: Input,
  context: Context,
): Output {
  return calling ? storage.run(context, serve, input, context) : serve(input, context);
}
