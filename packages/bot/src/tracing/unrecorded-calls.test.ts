import assert from "node:assert/strict";
import * as api from "@opentelemetry/api";
import { SharedMetadata } from "../base/shared-metadata.js";
import { UnrecordedCalls } from "./unrecorded-calls.js";

let made = 0;

/** A span as an SDK makes it that does not sample. */
function span(traceFlags = 0, traceId = (++made).toString(16).padStart(32, "0")): api.Span {
  return api.trace.wrapSpanContext({ traceId, spanId: "b7ad6b7169203331", traceFlags });
}

describe("the traces of calls that nobody records", () => {
  let calls: UnrecordedCalls;
  beforeEach(() => {
    calls = new UnrecordedCalls({ api, samplesNoRoot: false });
  });

  function sent(parent: api.Context, own: api.Span, now: number): string {
    const metadata = calls.of(parent, own, now)?.on(new SharedMetadata());
    return String(metadata?.get("traceparent")[0]);
  }

  it("are one for ten seconds, and 8,192 calls at most, where each begins a trace", () => {
    const first = sent(api.ROOT_CONTEXT, span(), 0);
    assert.match(first, /^00-[0-9a-f]{32}-b7ad6b7169203331-00$/);
    for (let i = 1; i < 8_192; i++) assert.equal(sent(api.ROOT_CONTEXT, span(), 9_999), first);
    const second = sent(api.ROOT_CONTEXT, span(), 9_999);
    assert.notEqual(second, first);
    assert.equal(sent(api.ROOT_CONTEXT, span(), 19_998), second);
    assert.notEqual(sent(api.ROOT_CONTEXT, span(), 19_999), second);
  });

  it("are that of the caller within a trace that is not recorded, however many", () => {
    const parent = span();
    const within = api.trace.setSpan(api.ROOT_CONTEXT, parent);
    const { traceId } = parent.spanContext();
    for (let i = 0; i < 2_000; i++) {
      assert.equal(sent(within, span(0, traceId), i * 1_000), `00-${traceId}-b7ad6b7169203331-00`);
    }
  });

  it("say that they are not sampled, within a trace that is", () => {
    const parent = span(1);
    const within = api.trace.setSpan(api.ROOT_CONTEXT, parent);
    const { traceId } = parent.spanContext();
    assert.equal(sent(within, span(0, traceId), 0), `00-${traceId}-b7ad6b7169203331-00`);
  });

  it("are begun without the SDK where its sampler is known to say no, but for the ids, and not within a trace", () => {
    const asked = (count: number) => {
      let all = 0;
      for (let i = 0; i < count; i++) {
        if (calls.unasked(api.ROOT_CONTEXT, 0)) continue;
        all++;
        calls.of(api.ROOT_CONTEXT, span(), 0);
      }
      return all;
    };
    assert.equal(
      asked(20_000),
      20_000,
      "any other sampler may say yes to the next call, however many it has not sampled",
    );
    calls = new UnrecordedCalls({ api, samplesNoRoot: true });
    assert.equal(asked(2 * 8_192 + 1), 3, "once for 8,192 calls");
    const within = api.trace.setSpan(api.ROOT_CONTEXT, span());
    assert.equal(calls.unasked(within, 0), undefined, "within a trace it is always asked");
  });

  it("are none with an SDK that is switched off", () => {
    assert.equal(calls.of(api.ROOT_CONTEXT, api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT), 0), undefined);
  });
});
