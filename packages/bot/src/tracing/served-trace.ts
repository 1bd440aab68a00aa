import type { HeaderList } from "@interlock/wire";
import type { Context, Span, SpanOptions } from "@opentelemetry/api";
import { tellFault } from "../base/registered-opentelemetry.js";
import { type CallEnding, endSpan, ownAttributes } from "./call-ending.js";
import { isTraced } from "./is-traced.js";
import { type KeptContext, keepContext } from "./kept-context.js";
import { registeredTracing, runInContext, type Tracing } from "./registered-tracing.js";
import { extractTrace } from "./trace-context.js";

/** The trace of a call that is served. */
export interface ServedTrace {
  /** Whether there is a span of it. Otherwise nothing needs to be told of its end. */
  readonly isRecorded: boolean;
  /** Does work within the span of the call: spans and calls that are made in it are children of that one. */
  run<T>(work: () => T): T;
  /** Does the same for less; absent where calls do not share the span's context. */
  readonly kept: KeptContext | undefined;
  /** Ends the span. `outcome` is that of the metrics. */
  end(ending: CallEnding, outcome: string): void;
}

/** What a call has come with: one object for each header list, also where that comes again, byte by byte. */
export interface TracedHead {
  readonly headers: HeaderList;
  /** The trace of the calls that came with it, where it is known that nobody records them. */
  unrecorded?: UnrecordedTrace | undefined;
}

/** What is known of a call that has come. */
export interface ArrivedCall {
  /** `/package.Service/Method`, of a method that is served. */
  readonly path: string;
  readonly head: TracedHead;
  /** The SPIFFE ID of the bot at the other end, and its `host:port`. */
  readonly caller: string;
  readonly address: string;
  /** When it came, by `performance.now()`. */
  readonly arrivedAt: number;
}

/** Does work within the trace of a call, if there is one. */
export function runInTrace<T>(trace: Pick<ServedTrace, "run"> | undefined, work: () => T): T {
  return trace ? trace.run(work) : work();
}

/** The trace of a call that came with the same header list as this one, where nobody records either; `undefined` where it is not known. */
export function knownTrace(tracing: Tracing, head: TracedHead): ServedTrace | undefined {
  return head.unrecorded?.of(tracing);
}

/**
 * Begins the trace of a call that is served; gives `undefined` without an SDK. Calls that come with the same trace, which nobody
 * records, are decided on once.
 */
export function beginServedTrace(call: ArrivedCall, tracing = registeredTracing()): ServedTrace | undefined {
  if (!tracing) return undefined;
  try {
    return knownTrace(tracing, call.head) ?? begin(tracing, call);
  } catch (fault) {
    tellFault(tracing.api, fault);
    return undefined;
  }
}

function begin(tracing: Tracing, call: ArrivedCall): ServedTrace | undefined {
  const { path, head, arrivedAt } = call;
  const method = path.slice(1);
  if (!isTraced(method)) return undefined;
  const { api, tracer } = tracing;
  const ageMs = performance.now() - arrivedAt;
  const parent = extractTrace(api, head.headers);
  const options: SpanOptions = {
    kind: api.SpanKind.SERVER,
    attributes: { "rpc.system.name": "grpc", "rpc.method": method },
    // The SDK measures better than the time of day that it is given. A call that waited for its token to be verified began before that.
    ...(ageMs >= 1 && { startTime: Date.now() - ageMs }),
  };
  const span = tracer.startSpan(method, options, parent);
  const context = api.trace.setSpan(parent, span);
  if (span.isRecording()) {
    span.setAttributes(callerAttributes(call));
    return new RecordedTrace(tracing, context, span);
  }
  if (!api.isSpanContextValid(span.spanContext())) return undefined; // The SDK is none, or switched off.
  const before = api.trace.getSpanContext(parent);
  const isDecided = before !== undefined && (before.traceFlags & api.TraceFlags.SAMPLED) === 0;
  const trace = new UnrecordedTrace(tracing, context, isDecided);
  if (isDecided) head.unrecorded = trace;
  return trace;
}

function callerAttributes({ caller, address, head: { headers } }: ArrivedCall) {
  const [, host = address, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  const previous = Number(headers[headers.indexOf("grpc-previous-rpc-attempts") + 1]);
  return {
    [ownAttributes.caller]: caller,
    ...(host !== "" && { "network.peer.address": host }),
    ...(port !== undefined && { "network.peer.port": Number(port) }),
    ...(Number.isSafeInteger(previous) && previous > 0 && { [ownAttributes.previousAttempts]: previous }),
  };
}

class RecordedTrace implements ServedTrace {
  readonly isRecorded = true;
  readonly kept = undefined;
  readonly #tracing: Tracing;
  readonly #context: Context;
  readonly #span: Span;

  constructor(tracing: Tracing, context: Context, span: Span) {
    this.#tracing = tracing;
    this.#context = context;
    this.#span = span;
  }

  run<T>(work: () => T): T {
    return runInContext(this.#tracing, this.#context, work);
  }

  end(ending: CallEnding, outcome: string): void {
    endSpan(this.#tracing.api, this.#span, "server", ending, { [ownAttributes.outcome]: outcome });
  }
}

/**
 * A trace that nobody records. What is made in a handler has to know it, too: also the spans of other libraries, which would be
 * sampled anew if they found no parent.
 */
class UnrecordedTrace implements ServedTrace {
  readonly isRecorded = false;
  readonly kept: KeptContext | undefined;
  readonly #tracing: Tracing;
  readonly #context: Context;

  constructor(tracing: Tracing, context: Context, isShared: boolean) {
    this.#tracing = tracing;
    this.#context = context;
    this.kept = isShared ? keepContext(tracing, context) : undefined;
  }

  /** Gives itself, as long as the same SDK is registered that has decided. */
  of(tracing: Tracing): this | undefined {
    return tracing === this.#tracing ? this : undefined;
  }

  run<T>(work: () => T): T {
    return runInContext(this.#tracing, this.#context, work);
  }

  end(): void {}
}
