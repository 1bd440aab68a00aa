import assert from "node:assert/strict";
import type { Policy } from "@interlock/policy";
import { comparePolicies } from "./compare-policies.js";
import { policyWith } from "./testing/fleet.js";

const cases: readonly [what: string, before: Partial<Policy>, after: Partial<Policy>, text: string][] = [
  ["any bot", {}, { anyBot: true, scopes: [] }, "takes any bot without a token, instead of needing thing:use"],
  ["a scope less", { scopes: ["a:b", "c:d"] }, { scopes: ["a:b"] }, "does not need c:d"],
  ["any caller", { callers: ["leader/*"] }, {}, "takes any caller, instead of only leader/*"],
  ["more callers", { callers: ["leader/1"] }, { callers: ["leader/*"] }, "takes leader/*, too"],
  ["a lower risk", { risk: "high" }, { risk: "low" }, "states a low risk, instead of a high one"],
  ["no rate", {}, { rate: undefined as never }, "has no rate, instead of 10 a second, 20 at once"],
  [
    "a higher rate",
    {},
    { rate: { perSecond: 11, burst: 20 } },
    "has a rate of 11 a second, 20 at once, instead of 10 a second, 20 at once",
  ],
  [
    "a later sunset",
    { deprecation: { since: "2026-01-01", sunset: "2026-03-01" } },
    { deprecation: { since: "2026-01-01", sunset: "2026-04-01" } },
    "has the sunset 2026-04-01, instead of 2026-03-01",
  ],
  [
    "an approval less",
    { approval: "everyCall" },
    { approval: "delegated" },
    "waits for an operator with calls under a delegation, instead of every call",
  ],
  [
    "no approval",
    { approval: "delegated" },
    {},
    "waits for an operator with no call, instead of calls under a delegation",
  ],
  ["no deprecation", { deprecation: { since: "2026-01-01", sunset: "2026-03-01" } }, {}, "is not deprecated"],
];

describe("comparePolicies", () => {
  for (const [what, before, after, text] of cases) {
    it(`finds ${what} loosened, and the way back tightened`, () => {
      const [a, b] = [policyWith(before), policyWith(after)];
      assert.deepEqual(comparePolicies(a, b), [{ direction: "loosened", text }]);
      assert.ok(comparePolicies(b, a).some(({ direction }) => direction === "tightened"));
      assert.ok(comparePolicies(b, a).every(({ direction }) => direction !== "loosened"));
    });
  }

  it("finds callers of another trust domain loosened, also beside any own one", () => {
    const foreign = "spiffe://partner/orders/*";
    const directions = (before: readonly string[], after: readonly string[]) =>
      comparePolicies(policyWith({ callers: before }), policyWith({ callers: after })).map(
        ({ direction }) => direction,
      );
    assert.deepEqual(directions([], ["**", foreign]), ["loosened", "tightened"]);
    assert.deepEqual(directions(["**"], ["**", foreign]), ["loosened"]);
    assert.deepEqual(directions(["**", foreign], ["**"]), ["tightened"]);
  });

  it("finds nothing in equal policies, and puts other scopes both ways", () => {
    assert.deepEqual(comparePolicies(policyWith(), policyWith()), []);
    assert.deepEqual(
      comparePolicies(policyWith({ scopes: ["a:b"] }), policyWith({ scopes: ["c:d"] })).map((one) => one.direction),
      ["loosened", "tightened"],
    );
  });

  it("finds texts and data changed", () => {
    const changes = comparePolicies(policyWith(), policyWith({ purpose: "Do another.", dataClasses: [] }));
    assert.deepEqual(changes, [
      { direction: "changed", text: "states no data, instead of internal" },
      { direction: "changed", text: "states another purpose" },
    ]);
  });
});
