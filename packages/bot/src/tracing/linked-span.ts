import type { Attributes, Context, Span, SpanContext } from "@opentelemetry/api";
import { tellFault } from "../base/registered-opentelemetry.js";
import { isTraced } from "./is-traced.js";
import { registeredTracing, runInContext, type Tracing } from "./registered-tracing.js";
import type { ServedTrace } from "./served-trace.js";
import { readTraceparent, toTraceparent } from "./trace-context.js";

/** What a span is about that belongs to a span elsewhere, and earlier: to the submission of a task. */
export interface LinkedSpanOptions {
  readonly name: string;
  /** `internal`, or `consumer` for the work on what another one has sent. */
  readonly kind: "internal" | "consumer";
  /** The `traceparent` of the other span. Where it is empty or malformed, the span begins a trace. */
  readonly traceparent: string;
  readonly attributes: Attributes;
  /** When it began. Default: now. */
  readonly startTime?: Date | undefined;
}

/** A span of work that belongs to a span elsewhere. */
export interface LinkedSpan extends Pick<ServedTrace, "run"> {
  end(attributes: Attributes, isError: boolean): void;
}

/** The service whose tasks have such spans. */
const swarm = "interlock.swarm.";

/** The `traceparent` of the span that is active here: 55 characters. Empty where there is none. */
export function activeTraceparent(): string {
  const tracing = registeredTracing();
  const span = tracing?.api.trace.getActiveSpan()?.spanContext();
  return span && tracing?.api.isSpanContextValid(span) && isTraced(swarm) ? toTraceparent(span) : "";
}

/** Begins a span that is a child of one elsewhere, and has a link to it; gives `undefined` without an SDK. */
export function beginLinkedSpan(options: LinkedSpanOptions): LinkedSpan | undefined {
  const tracing = registeredTracing();
  if (!tracing || !isTraced(swarm)) return undefined;
  try {
    return begin(tracing, options);
  } catch (fault) {
    tellFault(tracing.api, fault);
    return undefined;
  }
}

function begin(tracing: Tracing, options: LinkedSpanOptions): LinkedSpan {
  const { api, tracer } = tracing;
  const { name, kind, traceparent, attributes, startTime } = options;
  const other = readTraceparent(traceparent);
  const origin = other && api.isSpanContextValid(other) ? other : undefined;
  const parent = origin ? api.trace.setSpanContext(api.ROOT_CONTEXT, origin) : api.ROOT_CONTEXT;
  const span = tracer.startSpan(
    name,
    {
      kind: kind === "consumer" ? api.SpanKind.CONSUMER : api.SpanKind.INTERNAL,
      attributes,
      links: origin ? [{ context: origin satisfies SpanContext }] : [],
      ...(startTime && { startTime }),
    },
    parent,
  );
  return new SpanOfWork(tracing, api.trace.setSpan(parent, span), span);
}

class SpanOfWork implements LinkedSpan {
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

  end(attributes: Attributes, isError: boolean): void {
    this.#span.setAttributes(attributes);
    if (isError) this.#span.setStatus({ code: this.#tracing.api.SpanStatusCode.ERROR });
    try {
      this.#span.end(); // Processors of the program get it.
    } catch (fault) {
      tellFault(this.#tracing.api, fault);
    }
  }
}
