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

  it("is bounded, and refuses what it has had to forget: a token below the highest that was shown is never admitted", () => {
    const names = fc.constantFrom(..."abcdefgh");
    const shown = fc.array(fc.tuple(names, fc.bigInt({ min: 0n, max: 50n })), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), shown, (maximumTasks, tokens) => {
        const fence = createFence({ maximumTasks });
        const highest = new Map<string, bigint>();
        for (const [taskId, token] of tokens) {
          const before = highest.get(taskId) ?? 0n;
          if (fence.admits(taskId, token)) {
            assert.ok(token >= before, `${taskId} ${token} after ${before}`);
            highest.set(taskId, token);
          } else
            assert.ok(token <= [...highest.values()].reduce((a, b) => (a > b ? a : b), 0n), "a new token is admitted");
          assert.ok(fence.size <= maximumTasks);
        }
      }),
    );
  });

  it("forgets the tasks that were shown longest ago, and lets no attempt of theirs through again", () => {
    const fence = createFence();
    const bound = 100_000;
    for (let n = 1; n <= bound; n++) assert.equal(fence.admits(`task ${n}`, BigInt(n)), true);
    assert.equal(fence.admits("task 1", 0n), false, "all are remembered at the bound");
    assert.equal(fence.admits("one more", BigInt(bound + 1)), true);
    assert.equal(fence.admits("task 2", 1n), false, "a zombie of a task that is forgotten");
    assert.equal(fence.admits("task 2", 2n), false, "and the attempt itself: it fails closed");
    assert.equal(fence.admits("never seen", 3n), false);
    assert.equal(fence.size, bound / 2 + 1);
    assert.equal(fence.admits("task 2", BigInt(bound + 2)), true, "its next attempt");
    assert.equal(fence.admits(`task ${bound}`, BigInt(bound)), true, "one that is remembered");
    assert.equal(fence.admits(`task ${bound}`, BigInt(bound - 1)), false);
  });

  it("remembers an attempt for as long as it is shown", () => {
    const fence = createFence({ maximumTasks: 10 });
    for (let n = 1; n <= 1_000; n++) {
      fence.admits(`task ${n}`, BigInt(n));
      assert.equal(fence.admits("long", 1n), true);
      assert.equal(fence.admits("long", 0n), false);
    }
  });

  it("takes no bound that is not a whole number from 2", () => {
    for (const maximumTasks of [0, 1, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => createFence({ maximumTasks }), TypeError);
    }
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
