import type { Context, ContextManager, Tracer } from "@opentelemetry/api";
import { loadOpenTelemetry, type OpenTelemetry, openTelemetryRegistry } from "../base/registered-opentelemetry.js";
import { samplesNoRoot } from "./samples-no-root.js";

/** What spans are made with, as long as one SDK is registered. */
export interface Tracing {
  readonly api: OpenTelemetry;
  readonly tracer: Tracer;
  readonly provider: object;
  /** Absent where none is registered: then there is no active context. */
  readonly manager: ContextManager | undefined;
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
  const registry = openTelemetryRegistry();
  const provider = registry?.trace;
  if (provider === undefined) return undefined;
  const manager = registry?.context;
  if (current?.provider !== provider || current.manager !== manager) {
    const api = loadOpenTelemetry();
    const tracer = api.trace.getTracerProvider().getTracer("@interlock/bot", undefined, { schemaUrl });
    current = { api, provider, manager, tracer, samplesNoRoot: samplesNoRoot(tracer) };
  }
  return current;
}

/** The context that is active here: as `context.active` of the API, without the layers before what is registered. */
export function activeContext({ api, manager }: Tracing): Context {
  return manager?.active() ?? api.ROOT_CONTEXT;
}

/** Does work in a context: as `context.with` of the API, likewise. */
export function runInContext<T>({ manager }: Pick<Tracing, "manager">, context: Context, work: () => T): T {
  return manager ? manager.with(context, work) : work();
}
