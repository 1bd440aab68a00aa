import assert from "node:assert/strict";
import fc from "fast-check";
import { createFence } from "./fence.js";
import { createCounter } from "./leader/counter.js";
import { retryDelayMs } from "./leader/retry-delay.js";

describe("fence", () => {
  it("admits no token below the highest that it has seen for the task", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.bigInt({ min: 0n, max: 9n }))), (shown) => {
        const fence = createFence();
        const highest = new Map<string, bigint>();
        for (const [taskId, token] of shown) {
          const before = highest.get(taskId) ?? 0n;
          assert.equal(fence.admits(taskId, token), token >= before);
          if (token > before) highest.set(taskId, token);
        }
      }),
    );
  });
});

describe("counter", () => {
  it("grows, also from each epoch to the next, and fits a double", () => {
    const first = createCounter(1);
    const seen = [first(), first(), createCounter(2)(), createCounter(2_000_000)()];
    assert.deepEqual(
      [...seen].sort((a, b) => (a < b ? -1 : 1)),
      seen,
    );
    assert.ok(seen.every((n) => BigInt(Number(n)) === n));
  });
});

describe("retry delay", () => {
  it("doubles up to a minute, less up to half at random", () => {
    assert.deepEqual(
      [1, 2, 3, 30].map((n) => retryDelayMs(n, () => 0)),
      [500, 1_000, 2_000, 60_000],
    );
    assert.equal(
      retryDelayMs(1, () => 1),
      250,
    );
  });
});
