import assert from "node:assert/strict";
import { createVerificationBudget } from "./verification-budget.js";

describe("the budget for tokens that are new", () => {
  const limited = { reason: "RATE_LIMITED", code: "RESOURCE_EXHAUSTED" };

  it("looks at fifty bad ones, and then at one a second", () => {
    const budget = createVerificationBudget();
    for (let i = 0; i < 50; i++) budget.begin("a", 0)(true);
    assert.throws(() => budget.begin("a", 0), { ...limited, metadata: { retryAfterMs: "1000" } });
    budget.begin("a", 1_000)(true);
    assert.throws(() => budget.begin("a", 1_500), { ...limited, metadata: { retryAfterMs: "500" } });
    budget.begin("b", 0)(true);
  });

  it("is not used up by good ones", () => {
    const budget = createVerificationBudget();
    for (let i = 0; i < 300; i++) budget.begin("a", 0)(false);
    for (let i = 0; i < 50; i++) budget.begin("a", 0)(true);
    assert.throws(() => budget.begin("a", 0), limited);
  });

  it("verifies 400 at once, and then 200 a second", () => {
    const budget = createVerificationBudget();
    for (let i = 0; i < 400; i++) budget.begin("a", 0)(false);
    assert.throws(() => budget.begin("a", 0), limited);
    for (let i = 0; i < 200; i++) budget.begin("a", 1_000)(false);
    assert.throws(() => budget.begin("a", 1_000), limited);
  });

  it("has 64 under way, and after bad ones no more than may be bad", () => {
    const budget = createVerificationBudget();
    const first = Array.from({ length: 64 }, () => budget.begin("a", 0));
    assert.throws(() => budget.begin("a", 0), limited);
    for (const [i, settle] of first.entries()) settle(i < 47);
    const next = [1, 2, 3].map(() => budget.begin("a", 0));
    assert.throws(() => budget.begin("a", 0), limited);
    for (const settle of next) settle(false);
    assert.equal(typeof budget.begin("a", 0), "function");
  });
});
