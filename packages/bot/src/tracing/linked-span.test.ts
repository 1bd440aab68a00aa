import assert from "node:assert/strict";
import { isChildOf, recordSpans, type SpanRecorder } from "../testing/span-recorder.js";
import { activeTraceparent, beginLinkedSpan } from "./linked-span.js";

describe("a span of work that belongs to one elsewhere", () => {
  let spans: SpanRecorder;
  beforeEach(() => {
    spans = recordSpans();
  });
  afterEach(() => spans.stop());

  const begin = (traceparent: string) =>
    beginLinkedSpan({ name: "work", kind: "consumer", traceparent, attributes: {} }) ?? assert.fail("there is none");

  it("is its child, has a link to it, and is the active one meanwhile", async () => {
    const first = begin("");
    const traceparent = first.run(activeTraceparent);
    assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    begin(traceparent).end({}, false);
    first.end({}, true);
    const taken = await spans.take(2);
    const [origin, linked] = [
      taken.find(({ links }) => links.length === 0),
      taken.find(({ links }) => links.length === 1),
    ];
    assert.ok(origin && linked && isChildOf(linked, origin));
    assert.equal(linked.links[0]?.context.spanId, origin.spanContext().spanId);
  });

  it("begins a trace where what was sent is no span, however long it is", async () => {
    const zeros = `00-${"0".repeat(32)}-${"1".repeat(16)}-01`;
    for (const bad of ["00", zeros, `00-${"a".repeat(1_000_000)}`, "\n".repeat(55)]) begin(bad).end({}, false);
    for (const { parentSpanContext, links } of await spans.take(4)) {
      assert.deepEqual([parentSpanContext, links], [undefined, []]);
    }
    assert.equal(activeTraceparent(), "");
  });
});
