import { AsyncLocalStorage } from "node:async_hooks";
import type { AnyMethod } from "@interlock/policy";
import { Handover } from "../base/handover.js";
import { type Onion, runInterceptors, type Sights, seenBy } from "../base/run-interceptors.js";
import type { CallOptions } from "./call-options.js";
import type { ClientInterceptor, OutgoingCall } from "./interceptor.js";

type One = (request: unknown, options?: CallOptions) => Promise<unknown>;
type Many = (request: unknown, options?: CallOptions) => AsyncIterable<unknown>;

/** Puts interceptors around the client function of a method with one answer. */
export function interceptOne(call: One, method: AnyMethod, interceptors: readonly ClientInterceptor[]): One {
  return async (request, options = {}) => {
    let answer: unknown;
    const repeat = method.kind === "clientStreaming" ? once() : () => {};
    await runInterceptors(
      around(method, interceptors, async (changed, sights) => {
        repeat();
        answer = sights.response(await call(requestOf(method, request, sights), changed));
      }),
      options,
    );
    return answer;
  };
}

/** Puts interceptors around the client function of a method with a stream of answers. */
export function interceptMany(call: Many, method: AnyMethod, interceptors: readonly ClientInterceptor[]): Many {
  return (request, options = {}) => {
    // The call that is being served now counts, and the span that is active.
    return read(request, options, AsyncLocalStorage.snapshot());
  };

  async function* read(request: unknown, options: CallOptions, within: <T>(work: () => T) => T) {
    const handover = new Handover<unknown>();
    const repeat = method.kind === "bidiStreaming" ? once() : () => {};
    let begun = false;
    const onion = around(method, interceptors, async (changed, sights) => {
      repeat();
      if (begun) throw new Error("The call cannot be made again: an answer of it has been read.");
      for await (const message of call(requestOf(method, request, sights), changed)) {
        begun = true;
        if (!(await handover.give(sights.response(message)))) break;
      }
    });
    within(() => runInterceptors(onion, options)).then(
      () => handover.end(),
      (thrown: unknown) => handover.fail(thrown),
    );
    yield* handover.messages();
  }
}

function around(
  method: AnyMethod,
  interceptors: readonly ClientInterceptor[],
  core: (options: CallOptions, sights: Sights) => Promise<void>,
): Onion<OutgoingCall, CallOptions> {
  return { interceptors, describe: (options, hooks) => ({ ...hooks, method, options }), core };
}

function requestOf({ kind }: AnyMethod, request: unknown, { request: see }: Sights): unknown {
  if (kind === "unary" || kind === "serverStreaming") return see(request);
  return seenBy(see, request as AsyncIterable<unknown>);
}

/** Makes a function that can be called once. */
function once(): () => void {
  let called = false;
  return () => {
    if (called) throw new Error("The call cannot be made again: its requests are a stream, which has been sent.");
    called = true;
  };
}
