import { loadOpenTelemetry, openTelemetryRegistry } from "./registered-opentelemetry.js";

/** The ids of a span, under the names that OpenTelemetry gives them in log lines that are not its own. */
export interface SpanIds {
  /** 32 hexadecimal digits. */
  readonly trace_id: string;
  /** 16 hexadecimal digits. */
  readonly span_id: string;
}

/** The ids of the span that is active here; `undefined` without an SDK for traces, and outside of every span. */
export function activeSpan(): SpanIds | undefined {
  if (!openTelemetryRegistry()?.trace) return undefined;
  const { trace, isSpanContextValid } = loadOpenTelemetry();
  const context = trace.getActiveSpan()?.spanContext();
  if (!context || !isSpanContextValid(context)) return undefined;
  return { trace_id: context.traceId, span_id: context.spanId };
}
