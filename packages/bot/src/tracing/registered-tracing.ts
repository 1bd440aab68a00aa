import type { Tracer } from "@opentelemetry/api";
import { loadOpenTelemetry, type OpenTelemetry, openTelemetryRegistry } from "../base/registered-opentelemetry.js";

/** What spans are made with, as long as one SDK is registered. */
export interface Tracing {
  readonly api: OpenTelemetry;
  readonly tracer: Tracer;
  readonly provider: object;
}

/** The semantic conventions whose names the spans have. */
const schemaUrl = "https://opentelemetry.io/schemas/1.45.0";

let current: Tracing | undefined;

/**
 * What spans are made with now; `undefined` without an SDK for traces. It may be registered, and taken away, at any time: each call
 * looks again.
 */
export function registeredTracing(): Tracing | undefined {
  const provider = openTelemetryRegistry()?.trace;
  if (provider === undefined) return undefined;
  if (current?.provider !== provider) {
    const api = loadOpenTelemetry();
    current = {
      api,
      provider,
      tracer: api.trace.getTracerProvider().getTracer("@interlock/bot", undefined, { schemaUrl }),
    };
  }
  return current;
}
