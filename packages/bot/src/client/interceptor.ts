import type { AnyMethod } from "@interlock/policy";
import type { MessageHooks } from "../base/run-interceptors.js";
import type { CallOptions } from "./call-options.js";

/** A call of a client that is about to be made. */
export interface OutgoingCall extends MessageHooks {
  readonly method: AnyMethod;
  /** The options of the call, as the caller or the interceptor before has given them. */
  readonly options: CallOptions;
}

/**
 * A named function around the calls of a client, for `bot.client`, for all four kinds in the same way: `next` makes the call, and
 * settles when it is over, for a stream once its reader has the last message. It may give other options than it got. Called once
 * more, `next` makes the call again, unless requests were streamed or an answer has been read from a stream.
 *
 * @param call - The method, the options, and hooks for the messages.
 * @param next - Makes the call, with the options that are given; without, with `call.options`.
 *
 * @example
 * ```ts
 * const addTenant: ClientInterceptor = async function addTenant({ options }, next) {
 *   const metadata = options.metadata?.clone() ?? new Metadata();
 *   metadata.set("x-tenant", "cafe");
 *   await next({ ...options, metadata });
 * };
 * ```
 */
export type ClientInterceptor = (call: OutgoingCall, next: (options?: CallOptions) => Promise<void>) => Promise<void>;
