import type { Metadata } from "@grpc/grpc-js";
import type { HeaderList } from "@interlock/wire";
import type { Context, SpanContext, TextMapGetter, TextMapSetter } from "@opentelemetry/api";
import { type OpenTelemetry, openTelemetryRegistry, tellFault } from "../base/registered-opentelemetry.js";

/** The headers of W3C Trace Context. */
const [traceparentKey, tracestateKey] = ["traceparent", "tracestate"] as const;

/** Only version 00 may be compared whole; later ones may have more fields behind (W3C Trace Context, section 4.3). */
const traceparent = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

const setter: TextMapSetter<Metadata> = { set: (metadata, key, value) => metadata.set(key, value) };

const getter: TextMapGetter<HeaderList> = {
  get: firstOf,
  keys: (headers) => headers.filter((_, i) => i % 2 === 0),
};

/** Writes the context of a trace into metadata: with the propagator that is registered, otherwise as W3C Trace Context. */
export function injectTrace(api: OpenTelemetry, context: Context, metadata: Metadata): void {
  if (openTelemetryRegistry()?.propagation) {
    try {
      api.propagation.inject(context, metadata, setter);
    } catch (fault) {
      tellFault(api, fault);
    }
    return;
  }
  const span = api.trace.getSpanContext(context);
  if (!span || !api.isSpanContextValid(span)) return;
  metadata.set(traceparentKey, toTraceparent(span));
  const state = span.traceState?.serialize();
  if (state) metadata.set(tracestateKey, state);
}

/** Reads the context of a trace from a header list, likewise. What is malformed counts as absent. */
export function extractTrace(api: OpenTelemetry, headers: HeaderList): Context {
  if (openTelemetryRegistry()?.propagation) return api.propagation.extract(api.ROOT_CONTEXT, headers, getter);
  const span = readTraceparent(firstOf(headers, traceparentKey));
  if (!span || !api.isSpanContextValid(span)) return api.ROOT_CONTEXT;
  const state = firstOf(headers, tracestateKey);
  const traceState = state === undefined || state.length > maximumState ? undefined : api.createTraceState(state);
  return api.trace.setSpanContext(api.ROOT_CONTEXT, traceState ? { ...span, traceState } : span);
}

/** What of `tracestate` has to be passed on at least, in characters (section 3.3.1.5). */
const maximumState = 512;

/** The value of `traceparent` for a span. */
export function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}`;
}

/** Reads a value of `traceparent`; `undefined` where it is malformed. */
export function readTraceparent(value: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = (value !== undefined && traceparent.exec(value)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

/** The value of the first header of that name. */
function firstOf(headers: HeaderList, key: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === key) return headers[i + 1];
  return undefined;
}
