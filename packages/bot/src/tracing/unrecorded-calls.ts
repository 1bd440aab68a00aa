import type { Metadata } from "@grpc/grpc-js";
import type { Context, Span } from "@opentelemetry/api";
import type { OpenTelemetry } from "../base/registered-opentelemetry.js";
import { SharedMetadata } from "../base/shared-metadata.js";
import type { ClientTrace } from "./client-trace.js";
import type { Tracing } from "./registered-tracing.js";
import { injectTrace } from "./trace-context.js";

/**
 * For how long calls share the ids of a trace that nobody records, in milliseconds, and how many calls do. Other ids make another
 * header list, which costs both ends some 30 µs before its bytes are known.
 */
const sharedMs = 10_000;
const sharedCalls = 8_192;

/** TraceFlags.SAMPLED (W3C Trace Context, section 3.2.2.5.1). */
const sampled = 1;

/** What is sent along with calls under one context, and how much longer. */
interface Shared {
  readonly call: UnrecordedCall;
  readonly until: number;
  left: number;
}

/**
 * The traces of calls of one method for which the sampler has decided that nobody records them. The decision has to reach the
 * server; ids that nobody looks for have not to be different. So calls that begin a trace share one, for a moment: as the headers of
 * a request then are those of the one before, HTTP/2 repeats a few bytes. Calls within a trace pass it on as it is.
 */
export class UnrecordedCalls {
  /** The SDK that is asked. */
  readonly tracing: Pick<Tracing, "api" | "samplesNoRoot">;
  readonly #api: OpenTelemetry;
  readonly #root: Context;
  /** Of the calls that begin a trace. */
  #begun: Shared | undefined;
  /** By the context in which the other calls are made. */
  readonly #within = new WeakMap<Context, Shared>();

  constructor(tracing: Pick<Tracing, "api" | "samplesNoRoot">) {
    this.tracing = tracing;
    this.#api = tracing.api;
    this.#root = tracing.api.ROOT_CONTEXT;
  }

  /**
   * The trace of a call that the SDK need not be asked about, because its sampler is known to say no; `undefined` where it has to
   * be. No other sampler is left out: one that samples one call in a million has to see the million.
   */
  unasked(parent: Context, now: number): ClientTrace | undefined {
    return this.tracing.samplesNoRoot && parent === this.#root ? this.#known(parent, now) : undefined;
  }

  /** The trace of a call in the context `parent`, for which the SDK has made `span`. */
  of(parent: Context, span: Span, now: number): ClientTrace | undefined {
    const known = this.#known(parent, now);
    if (known) return known;
    const { trace, isSpanContextValid } = this.#api;
    if (!isSpanContextValid(span.spanContext())) return undefined; // The SDK is none, or switched off.
    const before = trace.getSpanContext(parent);
    const isWithin = before !== undefined && isSpanContextValid(before);
    if (isWithin && (before.traceFlags & sampled) === sampled) {
      return new UnrecordedCall(this.#api, trace.setSpan(parent, span));
    }
    const call = new UnrecordedCall(this.#api, isWithin ? parent : trace.setSpan(parent, span));
    const endless = Number.POSITIVE_INFINITY;
    const shared = isWithin
      ? { call, until: endless, left: endless }
      : { call, until: now + sharedMs, left: sharedCalls - 1 };
    if (parent === this.#root) this.#begun = shared;
    else this.#within.set(parent, shared);
    return call;
  }

  #known(parent: Context, now: number): ClientTrace | undefined {
    const known = parent === this.#root ? this.#begun : this.#within.get(parent);
    return known && known.left-- > 0 && now < known.until ? known.call : undefined;
  }
}

class UnrecordedCall implements ClientTrace {
  readonly isRecorded = false;
  readonly #api: OpenTelemetry;
  readonly #context: Context;
  /** The metadata that it was last put on, and what came of that. */
  #last: SharedMetadata | undefined;
  #with: SharedMetadata | undefined;

  constructor(api: OpenTelemetry, context: Context) {
    this.#api = api;
    this.#context = context;
  }

  on(metadata: SharedMetadata): Metadata {
    if (this.#last !== metadata || !this.#with) {
      const own = metadata.clone();
      this.inject(own);
      this.#last = metadata;
      this.#with = SharedMetadata.of(own);
    }
    return this.#with.forCall();
  }

  inject(metadata: Metadata): void {
    injectTrace(this.#api, this.#context, metadata);
  }

  sent(): void {}
  ended(): void {}
  answered(): void {}
  failed(): void {}
  left(): void {}
}
