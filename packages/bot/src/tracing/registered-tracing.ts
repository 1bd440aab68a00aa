import type { Context, Tracer } from "@opentelemetry/api";
import { loadOpenTelemetry, type OpenTelemetry, openTelemetryRegistry } from "../base/registered-opentelemetry.js";
import { samplesNoRoot } from "./samples-no-root.js";

/** What spans are made with, as long as one SDK is registered. */
export interface Tracing {
  readonly api: OpenTelemetry;
  readonly tracer: Tracer;
  readonly provider: object;
  /** Whether its sampler is known to sample no call that begins a trace. */
  readonly samplesNoRoot: boolean;
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
    const tracer = api.trace.getTracerProvider().getTracer("@interlock/bot", undefined, { schemaUrl });
    current = { api, provider, tracer, samplesNoRoot: samplesNoRoot(tracer) };
  }
  return current;
}

/** The context that is active here: as `context.active` of the API, without the layers before what is registered. */
export function activeContext({ api }: Tracing): Context {
  return openTelemetryRegistry()?.context?.active() ?? api.ROOT_CONTEXT;
}

/** Calls `work` with `args` in a context: as `context.with` of the API, likewise. */
export function runInContext<Args extends unknown[], T>(
  context: Context,
  work: (...args: Args) => T,
  ...args: Args
): T {
  const manager = openTelemetryRegistry()?.context;
  return manager ? manager.with(context, work, undefined, ...args) : work(...args);
}
