import assert from "node:assert/strict";
import { createBackoff } from "./backoff.js";

describe("backoff", () => {
  it("doubles up to the maximum, and starts anew", () => {
    const backoff = createBackoff({ firstMs: 100, maximumMs: 350, random: () => 0 });
    assert.deepEqual([backoff.next(), backoff.next(), backoff.next(), backoff.next()], [100, 200, 350, 350]);
    backoff.reset();
    assert.equal(backoff.next(), 100);
  });

  it("takes off up to half at random", () => {
    assert.equal(createBackoff({ random: () => 1 }).next(), 50);
    assert.equal(createBackoff({ random: () => 0.5 }).next(), 75);
  });
});
