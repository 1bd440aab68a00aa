import type { AnyMethod } from "@interlock/policy";
import { InterlockError } from "../base/error.js";
import { type ErrorDetail, typeOf } from "../base/error-detail.js";
import type { Log } from "../base/log.js";
import { serializer } from "../base/serializer.js";
import { runInCall } from "../context.js";
import { runInTrace } from "../tracing/served-trace.js";
import type { Handler } from "./handlers.js";
import type { IncomingRequest } from "./incoming-request.js";
import { type LiveCall, toAnswer } from "./live-call.js";
import { giveUp, outward } from "./outward.js";
import type { RequestGuard } from "./request-guard.js";
import type { RunHandler, ServedCall } from "./served-call.js";

/** Makes the function that checks the requests of a method, runs its handler, and gives its answers to the call. */
export function createRunHandler(
  method: AnyMethod,
  handler: Handler<AnyMethod>,
  guard: RequestGuard,
  log: Log,
): RunHandler {
  // biome-ignore lint/suspicious/noExplicitAny: the kind decides which of the four shapes the handler has.
  const serve = handler as any;
  const write = serializer(method.response);
  const tellLeftOut = leftOutLog(method, log);
  const isStream = method.kind === "serverStreaming" || method.kind === "bidiStreaming";

  return function run(call, live, request) {
    const waiting = guard.wait(live);
    if (!waiting) begin(call, live, request);
    else
      void waiting.then(() => {
        if (live.open) begin(call, live, request);
      });
  };

  function begin(call: ServedCall, live: LiveCall, request: IncomingRequest): void {
    let input: unknown;
    try {
      input = request.inbox
        ? requests(request, live, method, faultOf)
        : method.request.decode(request.message as Buffer);
    } catch {
      live.end(new InterlockError("INTERNAL", "The request could not be decoded."));
      return;
    }
    const fault = request.inbox ? undefined : faultOf(input, live);
    if (fault) {
      live.end(fault);
      return;
    }
    request.delivered();
    if (isStream) void stream(call, live, input);
    else answer(call, live, input);
  }

  function faultOf(input: unknown, live: LiveCall): InterlockError | undefined {
    try {
      return guard.fault(input, live);
    } catch (thrown) {
      log.error("a request could not be checked", { method: method.path, error: String(thrown), callId: live.callId });
      return new InterlockError("INTERNAL", "The request could not be checked.", { cause: thrown });
    }
  }

  function answer(call: ServedCall, live: LiveCall, input: unknown): void {
    const succeed = (response: unknown) => {
      if (live.ended) return;
      try {
        const message = write(response);
        const packing = call.pack(message);
        if (packing) packing.then(({ bytes, flags }) => finish(bytes, flags)).catch(failed);
        else finish(message);
      } catch (fault) {
        failed(fault);
      }
    };
    const finish = (message: Buffer, flags?: number) => {
      call.sendMessage(message, flags);
      call.succeed();
    };
    const failed = (thrown: unknown) => fail(call, live, thrown);
    try {
      const response = runInCall(serve, input, live);
      if (isPromise(response)) response.then(succeed, failed);
      else succeed(response);
    } catch (thrown) {
      failed(thrown);
    }
  }

  async function stream(call: ServedCall, live: LiveCall, input: unknown): Promise<void> {
    try {
      await runInCall(() => sendAll(serve(input, live), call, live, write), undefined, live);
      if (!live.ended) call.succeed();
    } catch (thrown) {
      fail(call, live, thrown);
    }
  }

  function fail(call: ServedCall, live: LiveCall, thrown: unknown): void {
    runInTrace(live.trace, () => failInTrace(call, live, thrown));
  }

  function failInTrace(call: ServedCall, live: LiveCall, thrown: unknown): void {
    try {
      const error = outward(live, thrown, log);
      if (!live.ended) call.fail(toAnswer(error, live.usedCallId, tellLeftOut));
    } catch (fault) {
      giveUp(live, fault, log);
    }
  }
}

/** Makes the function that says in the log, once, that details of an error were not sent. */
function leftOutLog({ path }: AnyMethod, log: Log): (details: readonly ErrorDetail[]) => void {
  let told = false;
  return (details) => {
    if (told) return;
    told = true;
    log.warn("error details left out", { method: path, types: details.map(typeOf).join(" ") });
  };
}

/** Sends what a handler yields, no faster than the caller takes it. When the call ends meanwhile, the handler is told to return. */
async function sendAll(
  source: AsyncIterable<unknown>,
  call: ServedCall,
  live: LiveCall,
  write: (message: unknown) => Buffer,
): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  const left = () => {
    // A source that waits for something of its own cannot be woken from here; it can watch the signal.
    iterator.return?.()?.catch?.(() => {});
  };
  let wake: (() => void) | undefined;
  live.signal.addEventListener("abort", () => wake?.(), { once: true });
  // Not `Promise.race`: what waits beside a promise that stays pending is kept until the stream ends (nodejs/node#17469).
  const unlessEnded = <T>(promise: Promise<T>) =>
    new Promise<T | undefined>((resolve, reject) => {
      wake = () => resolve(undefined);
      promise.then(resolve, reject);
    });
  while (!live.ended) {
    const next = await unlessEnded(iterator.next());
    if (next === undefined || live.ended) break;
    if (next.done) return;
    let message: Buffer;
    try {
      message = write(next.value);
    } catch (fault) {
      left();
      throw fault;
    }
    const packing = call.pack(message);
    const { bytes, flags } = packing ? await packing : { bytes: message, flags: 0 };
    if (!call.sendMessage(bytes, flags)) await call.room();
    if (!live.open) break;
  }
  left();
}

/**
 * Reads what the caller sends, each message checked. Throws when one is refused, which ends the call, and when the caller goes away
 * before it has sent everything.
 */
async function* requests(
  request: IncomingRequest,
  live: LiveCall,
  method: AnyMethod,
  faultOf: RequestGuard["fault"],
): AsyncGenerator<unknown> {
  const { inbox } = request;
  if (!inbox) return;
  try {
    while (!live.ended) {
      const message = inbox.take();
      if (message === undefined) {
        if (await inbox.arrival()) continue;
        break;
      }
      const decoded = method.request.decode(message);
      const fault = faultOf(decoded, live);
      if (fault) {
        live.end(fault);
        break;
      }
      yield decoded;
    }
  } catch (thrown) {
    if (live.ended) throw live.ended;
    throw thrown;
  } finally {
    inbox.drop(); // What comes now is read by nobody.
  }
  if (live.ended) throw live.ended;
  if (!request.halfClosed) throw new InterlockError("CANCELLED", "The caller went away before it had sent all.");
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}
