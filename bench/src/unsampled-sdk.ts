import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { AlwaysOffSampler, BasicTracerProvider, ParentBasedSampler } from "@opentelemetry/sdk-trace-base";

const sampler = new ParentBasedSampler({ root: new AlwaysOffSampler() });
const provider = new BasicTracerProvider({ sampler });
// One for all times: each storage of its own would leave a property of its own in the types that V8 knows.
const manager = new AsyncLocalStorageContextManager();

/** Registers an SDK that samples nothing, with what SDKs for Node register beside it. */
export function registerUnsampledSdk(): void {
  context.setGlobalContextManager(manager.enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
}

/** Takes it away: what it has in each promise, too. */
export function removeUnsampledSdk(): void {
  trace.disable();
  propagation.disable();
  context.disable();
}
