import type { MessageHooks } from "../base/run-interceptors.js";
import type { CallContext } from "../context.js";

/** A call that has been let in, on its way to its handler. */
export interface InterceptedCall extends MessageHooks {
  /** What the handler gets as its second argument: the caller, the method, the signal and the rest. */
  readonly context: CallContext;
}

/**
 * A named function around the handlers of a server, for `bot.serve`. It runs once a call has been let in, with its caller known,
 * and for all four kinds in the same way: `next` runs what is inside, and settles when the handler has finished, for a stream
 * after the last message. An error of the handler can be replaced by another one, and not be swallowed.
 *
 * A call that is refused never gets here: no interceptor can let it in.
 *
 * @param call - The call with its context, and hooks for its messages.
 * @param next - Runs the interceptors that follow and the handler, once.
 *
 * @example
 * ```ts
 * const logCalls: ServerInterceptor = async function logCalls({ context }, next) {
 *   const startedAt = performance.now();
 *   try {
 *     await next();
 *   } finally {
 *     console.log(context.caller.name, context.method.path, performance.now() - startedAt);
 *   }
 * };
 * ```
 */
export type ServerInterceptor = (call: InterceptedCall, next: () => Promise<void>) => Promise<void>;
