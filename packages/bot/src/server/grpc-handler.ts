import { setImmediate as immediate } from "node:timers/promises";
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerReadableStream,
  sendUnaryData,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import type { AnyMethod } from "@interlock/policy";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import { messages } from "../base/messages.js";
import { writeAll } from "../base/write-all.js";
import { runInCall } from "../context.js";
import type { Handler } from "./handlers.js";
import { type LiveCall, toAnswer } from "./live-call.js";

/** Makes the function that turns handlers into handlers of grpc-js. */
export function createHandlerAdapter(callOf: (metadata: Metadata) => LiveCall, log: Log) {
  return function toGrpcHandler(method: AnyMethod, handler: Handler<AnyMethod>): UntypedHandleCall {
    // biome-ignore lint/suspicious/noExplicitAny: the kind decides which of the four shapes the handler has.
    const serve = handler as any;
    switch (method.kind) {
      case "unary":
        return unary(serve);
      case "clientStreaming":
        return clientStreaming(serve);
      case "serverStreaming":
        return serverStreaming(serve);
      case "bidiStreaming":
        return bidiStreaming(serve);
    }
  };

  type Serve<Input, Output> = (input: Input, context: LiveCall) => Output;

  function unary(serve: Serve<unknown, unknown>): handleUnaryCall<unknown, unknown> {
    return (call, callback) => {
      const live = callOf(call.metadata);
      answer(live, callback, serve, call.request);
    };
  }

  function clientStreaming(serve: Serve<unknown, unknown>): handleClientStreamingCall<unknown, unknown> {
    return (call, callback) => {
      const live = callOf(call.metadata);
      answer(live, callback, serve, requests(call, live));
    };
  }

  function serverStreaming(serve: Serve<unknown, AsyncIterable<unknown>>): handleServerStreamingCall<unknown, unknown> {
    return (call) => {
      const live = callOf(call.metadata);
      stream(live, call, serve, call.request);
    };
  }

  function bidiStreaming(serve: Serve<unknown, AsyncIterable<unknown>>): handleBidiStreamingCall<unknown, unknown> {
    return (call) => {
      const live = callOf(call.metadata);
      stream(live, call, serve, requests(call, live));
    };
  }

  function answer<Input>(
    live: LiveCall,
    callback: sendUnaryData<unknown>,
    serve: Serve<Input, unknown>,
    input: Input,
  ): void {
    const succeed = (response: unknown) => {
      try {
        if (!live.ended) callback(null, response);
      } catch (fault) {
        giveUp(live, fault);
      }
    };
    const fail = (thrown: unknown) => {
      try {
        const error = outward(live, thrown);
        if (!live.ended) callback(toAnswer(error));
      } catch (fault) {
        giveUp(live, fault);
      }
    };
    try {
      const response = runInCall(serve, input, live);
      if (isPromise(response)) response.then(succeed, fail);
      else succeed(response);
    } catch (thrown) {
      fail(thrown);
    }
  }

  function stream<Input>(
    live: LiveCall,
    call:
      | Parameters<handleServerStreamingCall<unknown, unknown>>[0]
      | Parameters<handleBidiStreamingCall<unknown, unknown>>[0],
    serve: Serve<Input, AsyncIterable<unknown>>,
    input: Input,
  ): void {
    call.on("error", () => {}); // grpc-js repeats here what the end of the call has reported.
    const pump = async (given: Input) => writeAll(serve(given, live), call, live.signal);
    runInCall(pump, input, live)
      .then(
        () => {
          if (!live.ended) call.end();
        },
        (thrown: unknown) => {
          const error = outward(live, thrown);
          if (!live.ended) call.emit("error", toAnswer(error));
        },
      )
      .catch((fault: unknown) => giveUp(live, fault));
  }

  /** Ends a call whose answer could not be written, so that the process goes on. */
  function giveUp(live: LiveCall, fault: unknown): void {
    log.error("answer not sent", { method: live.method.path, caller: live.caller.name, error: describe(fault) });
    live.end(new InterlockError("INTERNAL", "The handler failed."));
  }

  /** The error for the caller: an `InterlockError` as it is, anything else without its text. */
  function outward(live: LiveCall, thrown: unknown): InterlockError {
    if (live.ended) return live.ended;
    const error = InterlockError.from(thrown);
    if (thrown instanceof InterlockError && (!error.remote || passesThrough.has(error.code))) {
      live.refused(error);
      return error;
    }
    log.error("handler failed", { method: live.method.path, caller: live.caller.name, error: describe(thrown) });
    return new InterlockError("INTERNAL", "The handler failed.", { cause: thrown });
  }
}

// An error from another bot does not concern the caller of this handler, except where it is about time.
const passesThrough: ReadonlySet<string> = new Set(["CANCELLED", "DEADLINE_EXCEEDED"]);

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

/** Reads what the caller sends. Throws when the caller goes away before it has sent everything. */
async function* requests(call: Pick<ServerReadableStream<unknown, unknown>, "read">, live: LiveCall) {
  yield* messages(call as never, live.signal);
  // grpc-js reports a reset as the end of the upload (grpc/grpc-node#2583); that it was a reset is known a turn later.
  await immediate();
  if (live.ended) throw live.ended;
  if (!live.halfClosed) throw new InterlockError("CANCELLED", "The caller went away before it had sent all.");
}
