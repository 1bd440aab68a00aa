import assert from "node:assert/strict";
import fc from "fast-check";
import { Budget } from "./budget.js";

describe("Budget", () => {
  it("allows a burst, then its rate", () => {
    let now = 0;
    const budget = new Budget({ perSecond: 10, burst: 3 }, () => now);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => budget.take()),
      [true, true, true, false],
    );
    now += 200;
    assert.deepEqual(
      [1, 2].map(() => budget.take()),
      [true, false],
    );
  });

  it("saves no more than its burst", () => {
    let now = 0;
    const budget = new Budget({ perSecond: 10, burst: 3 }, () => now);
    now += 1_000_000;
    budget.give(1_000);
    assert.ok(budget.take(3));
    assert.equal(budget.take(), true); // The time that has passed is looked at now, and fills it once.
    assert.ok(budget.take(3));
    assert.ok(!budget.take());
  });

  it("takes several at once", () => {
    const budget = new Budget({ perSecond: 0, burst: 10 }, () => 0);
    assert.ok(budget.take(6));
    assert.ok(!budget.take(6));
  });

  it("never lets more through than two bursts, the rate, and what was given", () => {
    const steps = fc.array(fc.record({ ms: fc.nat(500), count: fc.integer({ min: 1, max: 5 }), given: fc.nat(2) }));
    fc.assert(
      fc.property(steps, (all) => {
        let now = 0;
        let through = 0;
        let given = 0;
        const budget = new Budget({ perSecond: 20, burst: 10 }, () => now);
        for (const step of all) {
          now += step.ms;
          if (budget.take(step.count)) through += step.count;
          budget.give(step.given);
          given += step.given;
        }
        assert.ok(through <= 20 + (now * 20) / 1_000 + given, `${through} in ${now} ms with ${given}`);
      }),
    );
  });
});
