import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import * as api from "@opentelemetry/api";
import { extractTrace, injectTrace, readTraceparent } from "./trace-context.js";

const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];

describe("a trace context without a propagator", () => {
  it("is written and read as W3C Trace Context", () => {
    const traceState = api.createTraceState("a=1,b=2");
    const context = api.trace.setSpanContext(api.ROOT_CONTEXT, { traceId, spanId, traceFlags: 1, traceState });
    const metadata = new Metadata();
    injectTrace(api, context, metadata);
    assert.deepEqual(metadata.getMap(), { traceparent: `00-${traceId}-${spanId}-01`, tracestate: "a=1,b=2" });
    const headers = Object.entries(metadata.getMap()).flat() as string[];
    const read = api.trace.getSpanContext(extractTrace(api, headers));
    assert.deepEqual([read?.traceId, read?.spanId, read?.traceFlags, read?.isRemote], [traceId, spanId, 1, true]);
    assert.equal(read?.traceState?.serialize(), "a=1,b=2");
  });

  it("is absent where it is malformed", () => {
    for (const value of [
      undefined,
      "",
      `00-${traceId}-${spanId}`,
      `ff-${traceId}-${spanId}-01`,
      `00-${traceId.toUpperCase()}-${spanId}-01`,
      `00-${traceId}-${spanId}-01x`,
    ]) {
      assert.equal(readTraceparent(value), undefined, value);
    }
    for (const value of [`00-${"0".repeat(32)}-${spanId}-01`, `00-${traceId}-${"0".repeat(16)}-01`]) {
      assert.equal(extractTrace(api, ["traceparent", value]), api.ROOT_CONTEXT);
    }
  });
});
