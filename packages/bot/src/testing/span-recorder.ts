import { context, propagation, type SpanContext, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

/** An SDK of OpenTelemetry that keeps the spans that have ended. */
export interface SpanRecorder {
  /** Waits until `count` spans in all have ended, and takes them, those that began first at the front. */
  take(count: number): Promise<readonly ReadableSpan[]>;
  /** What has ended and has not been taken. */
  readonly left: readonly ReadableSpan[];
  /** Takes the SDK away. */
  stop(): Promise<void>;
}

/** How it is registered. */
export interface SpanRecorderOptions {
  /** Whether it samples nothing that does not come sampled. Default: false. */
  readonly samplesNothing?: boolean;
  /** Whether it registers a propagator. Default: true. */
  readonly propagates?: boolean;
  /** A part that throws. Default: none. */
  readonly faulty?: "sampler" | "propagator" | "processor";
}

/** Registers one, for the whole process. */
export function recordSpans({
  samplesNothing = false,
  propagates = true,
  faulty,
}: SpanRecorderOptions = {}): SpanRecorder {
  const exporter = new InMemorySpanExporter();
  let taken = 0;
  let wake = () => {};
  const processor = new SimpleSpanProcessor({
    export(spans, done) {
      exporter.export(spans, done);
      wake();
    },
    shutdown: () => exporter.shutdown(),
  });
  const root = samplesNothing ? new AlwaysOffSampler() : new AlwaysOnSampler();
  const sampler = new ParentBasedSampler({ root });
  const propagator = new W3CTraceContextPropagator();
  const broken = () => {
    throw new Error("a fault");
  };
  if (faulty === "sampler") sampler.shouldSample = broken;
  if (faulty === "processor") processor.onEnd = broken;
  if (faulty === "propagator") Object.assign(propagator, { inject: broken, extract: broken });
  const provider = new BasicTracerProvider({ sampler, spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (propagates) propagation.setGlobalPropagator(propagator);
  trace.setGlobalTracerProvider(provider);
  const all = () => exporter.getFinishedSpans().slice(taken);
  return {
    async take(count) {
      while (all().length < count) await new Promise<void>((resolve) => (wake = resolve));
      const found = all();
      taken += found.length;
      return found.sort((a, b) => startOf(a) - startOf(b));
    },
    get left() {
      return all();
    },
    async stop() {
      trace.disable();
      propagation.disable();
      context.disable();
      await provider.shutdown();
    },
  };
}

function startOf({ startTime: [seconds, nanoseconds] }: ReadableSpan): number {
  return seconds * 1e9 + nanoseconds;
}

/** Whether a span is the child of another one. */
export function isChildOf({ parentSpanContext }: ReadableSpan, parent: { spanContext(): SpanContext }): boolean {
  const { traceId, spanId } = parent.spanContext();
  return parentSpanContext?.traceId === traceId && parentSpanContext.spanId === spanId;
}

/** Spans in the order in which each is the child of the one before. */
export function chainOf(spans: readonly ReadableSpan[]): ReadableSpan[] {
  const chain: ReadableSpan[] = [];
  let next = spans.find(({ parentSpanContext }) => parentSpanContext === undefined);
  while (next) {
    const parent: ReadableSpan = next;
    chain.push(parent);
    next = spans.find((span) => isChildOf(span, parent));
  }
  return chain;
}
