import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { AlwaysOffSampler, BasicTracerProvider, ParentBasedSampler } from "@opentelemetry/sdk-trace-base";
import { interlock } from "./interlock.js";

/** Registers an SDK that samples nothing, with what SDKs for Node register beside it. */
function register(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const sampler = new ParentBasedSampler({ root: new AlwaysOffSampler() });
  trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler }));
}

/** Interlock with everything on, and an SDK of OpenTelemetry at both ends that samples nothing. */
export const interlockOtel: typeof interlock = {
  prepare: interlock.prepare,
  serve(settings) {
    register();
    return interlock.serve(settings);
  },
  connect(settings, address) {
    register();
    return interlock.connect(settings, address);
  },
};
