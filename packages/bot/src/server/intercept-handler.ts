import type { AnyMethod } from "@interlock/policy";
import { Handover } from "../base/handover.js";
import { type Onion, runInterceptors, type Sights, seenBy } from "../base/run-interceptors.js";
import type { CallContext } from "../context.js";
import type { Handler } from "./handlers.js";
import type { InterceptedCall, ServerInterceptor } from "./interceptor.js";
import type { LiveCall } from "./live-call.js";

// biome-ignore lint/suspicious/noExplicitAny: the kind decides which of the four shapes a handler has.
type Serve = (input: any, context: CallContext) => any;

/** Puts interceptors around a handler. The result has the handler's own shape. */
export function interceptHandler(
  { kind }: AnyMethod,
  handler: Handler<AnyMethod>,
  interceptors: readonly ServerInterceptor[],
): Handler<AnyMethod> {
  if (interceptors.length === 0) return handler;
  const serve: Serve = handler;
  const streams = kind === "clientStreaming" || kind === "bidiStreaming";
  const inputOf = (sights: Sights, input: unknown) =>
    streams ? seenBy(sights.request, input as AsyncIterable<unknown>) : sights.request(input);
  const isMany = kind === "serverStreaming" || kind === "bidiStreaming";
  return (isMany ? many : one) as Handler<AnyMethod>;

  async function one(input: unknown, context: CallContext): Promise<unknown> {
    let response: unknown;
    hold(context);
    await runInterceptors(
      around(context, async (sights) => {
        const pending = serve(inputOf(sights, input), context);
        release(context);
        response = sights.response(await pending);
      }),
      undefined,
    );
    return response;
  }

  async function* many(input: unknown, context: CallContext): AsyncGenerator<unknown> {
    const handover = new Handover<unknown>();
    hold(context);
    const finished = runInterceptors(
      around(context, async (sights) => {
        queueMicrotask(() => release(context)); // Once the generator's first part has run, which it does at once.
        for await (const message of serve(inputOf(sights, input), context)) {
          if (!(await handover.give(sights.response(message)))) break;
        }
      }),
      undefined,
    );
    finished.then(
      () => handover.end(),
      (thrown: unknown) => handover.fail(thrown),
    );
    yield* handover.messages();
  }

  function around(context: CallContext, core: (sights: Sights) => Promise<void>): Onion<InterceptedCall, undefined> {
    let begun = false;
    return {
      interceptors,
      describe: (_, hooks) => ({ ...hooks, context }),
      async core(_, sights) {
        if (begun) throw new Error('An interceptor has called "next" twice: a handler runs once.');
        begun = true;
        await core(sights);
      },
    };
  }
}

// A stream begins its answer with its handler, unless that takes the headers; a context that a test has made does neither.
function hold(context: CallContext & Partial<Pick<LiveCall, "hold">>): void {
  context.hold?.();
}

function release(context: CallContext & Partial<Pick<LiveCall, "release">>): void {
  context.release?.();
}
