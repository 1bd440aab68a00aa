import assert from "node:assert/strict";
import { SpanKind, type Tracer } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { samplesNoRoot } from "./samples-no-root.js";

describe("whether a sampler is known to sample no call that begins a trace", () => {
  const own: Sampler = {
    shouldSample: (_context, _traceId, _name, kind) => ({
      decision: kind === SpanKind.CLIENT ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    }),
    toString: () => "Own{root=AlwaysOffSampler}",
  };
  const unreadable: Sampler = {
    ...own,
    toString() {
      throw new Error("no description");
    },
  };
  const [on, off] = [new AlwaysOnSampler(), new AlwaysOffSampler()];
  const samplers: readonly (readonly [string, Sampler, boolean])[] = [
    ["none", off, true],
    ["none, unless its parent is", new ParentBasedSampler({ root: off }), true],
    ["none, unless its remote parent is not", new ParentBasedSampler({ root: off, remoteParentNotSampled: on }), true],
    ["all", on, false],
    ["all, unless its parent is not", new ParentBasedSampler({ root: on, remoteParentSampled: off }), false],
    ["one in a million", new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(1e-6) }), false],
    ["what a sampler of the program chooses", own, false],
    ["what one chooses that has no description", unreadable, false],
  ];
  for (const [what, sampler, known] of samplers) {
    it(`is ${known} for one that samples ${what}`, () => {
      assert.equal(samplesNoRoot(new BasicTracerProvider({ sampler }).getTracer("test")), known);
    });
  }

  it("is false for a tracer of another SDK", () => {
    assert.equal(samplesNoRoot({} as Tracer), false);
    assert.equal(samplesNoRoot({ _sampler: null } as unknown as Tracer), false);
  });
});
