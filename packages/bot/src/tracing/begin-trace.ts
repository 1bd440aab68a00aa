import type { AnyMethod } from "@interlock/policy";
import type { SpanOptions } from "@opentelemetry/api";
import { tellFault } from "../base/registered-opentelemetry.js";
import type { BeginTrace, ClientTrace } from "./client-trace.js";
import { isTraced } from "./is-traced.js";
import { RecordedCall } from "./recorded-call.js";
import { activeContext, registeredTracing, type Tracing } from "./registered-tracing.js";
import { UnrecordedCalls } from "./unrecorded-calls.js";

/** Makes what begins the traces of the calls of a method. */
export function createBeginTrace({ path }: Pick<AnyMethod, "path">): BeginTrace {
  const method = path.slice(1);
  const attributes = { "rpc.system.name": "grpc", "rpc.method": method };
  let calls: UnrecordedCalls | undefined; // Those of the SDK that is registered.
  if (!isTraced(method)) return none;

  return function begin(now) {
    const tracing = registeredTracing();
    if (!tracing) return undefined;
    try {
      return traceOf(tracing, now);
    } catch (fault) {
      tellFault(tracing.api, fault);
      return undefined;
    }
  };

  function traceOf(tracing: Tracing, now: number): ClientTrace | undefined {
    const { api, tracer } = tracing;
    if (calls?.tracing !== tracing) calls = new UnrecordedCalls(tracing);
    const parent = activeContext(tracing);
    const unasked = calls.unasked(parent, now);
    if (unasked) return unasked;
    const options: SpanOptions = { kind: api.SpanKind.CLIENT, attributes };
    const span = tracer.startSpan(method, options, parent);
    if (span.isRecording()) return new RecordedCall(tracing, span, api.trace.setSpan(parent, span));
    return calls.of(parent, span, now);
  }
}

const none: BeginTrace = () => undefined;
