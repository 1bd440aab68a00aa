import assert from "node:assert/strict";
import { tokenBucket } from "./token-bucket.js";

describe("tokenBucket", () => {
  it("makes the rate of whole tokens, at intervals that Envoy takes", () => {
    for (const perSecond of [0.001, 0.5, 1, 3, 19, 20, 33.3, 100, 5_000]) {
      const { tokensPerFill, fillIntervalMs } = tokenBucket({ perSecond, burst: 10_000 });
      assert.ok(Number.isInteger(tokensPerFill) && tokensPerFill >= 1);
      assert.ok(fillIntervalMs >= 50 - 1e-9, `${perSecond}: ${fillIntervalMs} ms`);
      assert.ok(Math.abs((tokensPerFill / fillIntervalMs) * 1_000 - perSecond) < 1e-9);
    }
  });

  it("has the burst, and room for one fill", () => {
    assert.equal(tokenBucket({ perSecond: 1, burst: 5 }).maximumTokens, 5);
    assert.equal(tokenBucket({ perSecond: 1_000, burst: 1 }).maximumTokens, 50);
  });
});
