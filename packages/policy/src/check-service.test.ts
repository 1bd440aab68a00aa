import assert from "node:assert/strict";
import { policyFaults, serviceFaults } from "./check-service.js";
import type { Policy } from "./policy.js";
import type { AnyMethod } from "./service.js";

const sound: Policy = {
  scopes: ["gripper:actuate"],
  anyBot: false,
  purpose: "Close the gripper.",
  risk: "high",
  dataClasses: [],
  callers: [],
};

describe("policy faults", () => {
  const soundOnes: [string, Partial<Policy>][] = [
    ["scopes", {}],
    ["any bot", { scopes: [], anyBot: true }],
    ["callers", { callers: ["leader/*", "**"] }],
    ["a rate", { rate: { perSecond: 0.1, burst: 1 } }],
    ["a deprecation without an end", { deprecation: { since: "2026-01-01" } }],
    ["a sunset", { deprecation: { since: "2026-01-01", sunset: "2028-02-29" } }],
  ];
  for (const [name, more] of soundOnes)
    it(`none: ${name}`, () => assert.deepEqual(policyFaults({ ...sound, ...more }), []));

  const unsound: [Partial<Record<keyof Policy, unknown>>, RegExp][] = [
    [{ scopes: [] }, /neither scopes nor any_bot/],
    [{ scopes: undefined }, /neither scopes nor any_bot/],
    [{ anyBot: true }, /both scopes and any_bot/],
    [{ scopes: ["actuate"] }, /the scope "actuate", which is not resource:action/],
    [{ purpose: " " }, /empty purpose/],
    [{ purpose: undefined }, /empty purpose/],
    [{ risk: "none" }, /unknown risk "none"/],
    [{ risk: undefined }, /unknown risk/],
    [{ callers: ["a//b"] }, /the caller "a\/\/b"/],
    [{ rate: { perSecond: 0, burst: 1 } }, /rate/],
    [{ rate: { perSecond: Number.POSITIVE_INFINITY, burst: 1 } }, /rate/],
    [{ rate: { perSecond: Number.NaN, burst: 1 } }, /rate/],
    [{ rate: { perSecond: 1, burst: 0 } }, /rate/],
    [{ deprecation: { since: "soon" } }, /since "soon"/],
    [{ deprecation: { since: "2026-01-01", sunset: "2026-02-30" } }, /sunset "2026-02-30"/],
    [{ deprecation: { since: "2026-01-01", sunset: "2026-13-01" } }, /sunset "2026-13-01"/],
  ];
  for (const [more, fault] of unsound) {
    it(JSON.stringify(more), () => {
      const faults = policyFaults({ ...sound, ...more } as Policy);
      assert.equal(faults.length, 1, faults.join());
      assert.match(faults[0] ?? "", fault);
    });
  }

  it("a policy that is not there", () => assert.match(policyFaults(undefined)[0] ?? "", /no access policy/));
});

describe("service faults", () => {
  const method = (path: string, policy: unknown) => ({ path, policy }) as AnyMethod;

  it("name the method, every one of them", () => {
    const methods = { grip: method("/cafe.Gripper/Grip", sound), open: method("/cafe.Gripper/Open", undefined) };
    const faults = serviceFaults({ name: "cafe.Gripper", servedBy: ["gripper//1"], methods });
    assert.equal(faults.length, 2);
    assert.match(faults[0] ?? "", /^\/cafe\.Gripper\/Open has no access policy/);
    assert.match(faults[1] ?? "", /^cafe\.Gripper has served_by "gripper\/\/1"/);
  });

  it("none for a sound service", () => {
    const methods = { grip: method("/cafe.Gripper/Grip", sound) };
    assert.deepEqual(serviceFaults({ name: "cafe.Gripper", servedBy: ["gripper/*"], methods }), []);
  });
});
