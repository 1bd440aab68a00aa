import type { Metadata } from "@grpc/grpc-js";
import type { Context, Span } from "@opentelemetry/api";
import type { OpenTelemetry } from "../base/registered-opentelemetry.js";
import type { ClientTrace } from "./client-trace.js";
import { injectTrace } from "./trace-context.js";

/** For how long calls share the ids of a trace that nobody records, in milliseconds, and how many calls do. */
const sharedMs = 1_000;
const sharedCalls = 1_024;

/**
 * After so many calls in a row of which the SDK has sampled none, it is asked about one in so many: it samples nothing now. With the
 * first call that it samples, it is asked about each one again.
 */
const silentAfter = 10_000;
const askedOneIn = 16;

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
  readonly #api: OpenTelemetry;
  /** By the context in which the calls are made. */
  readonly #shared = new WeakMap<Context, Shared>();
  /** How many calls in a row that begin a trace the SDK has been asked about, and has not sampled; and calls since then. */
  #unsampled = 0;
  #since = 0;

  constructor(api: OpenTelemetry) {
    this.#api = api;
  }

  /** The trace of a call that the SDK is not asked about, because it has sampled nothing for long; `undefined` for most calls. */
  unasked(parent: Context, now: number): ClientTrace | undefined {
    if (this.#unsampled < silentAfter || parent !== this.#api.ROOT_CONTEXT) return undefined;
    return ++this.#since % askedOneIn === 0 ? undefined : this.#known(parent, now);
  }

  /** The SDK has sampled a call. */
  sampled(): void {
    this.#unsampled = 0;
  }

  /** The trace of a call in the context `parent`, for which the SDK has made `span`. */
  of(parent: Context, span: Span, now: number): ClientTrace | undefined {
    if (parent === this.#api.ROOT_CONTEXT) this.#unsampled++;
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
    this.#shared.set(parent, {
      call,
      until: isWithin ? endless : now + sharedMs,
      left: isWithin ? endless : sharedCalls - 1,
    });
    return call;
  }

  #known(parent: Context, now: number): ClientTrace | undefined {
    const known = this.#shared.get(parent);
    return known && known.left-- > 0 && now < known.until ? known.call : undefined;
  }
}

class UnrecordedCall implements ClientTrace {
  readonly isRecorded = false;
  readonly #api: OpenTelemetry;
  readonly #context: Context;
  /** The metadata that it was last put on, and what came of that. */
  #last: Metadata | undefined;
  #with: Metadata | undefined;

  constructor(api: OpenTelemetry, context: Context) {
    this.#api = api;
    this.#context = context;
  }

  on(metadata: Metadata): Metadata {
    if (this.#last === metadata && this.#with) return this.#with;
    const own = metadata.clone();
    this.inject(own);
    this.#last = metadata;
    this.#with = own;
    return own;
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
