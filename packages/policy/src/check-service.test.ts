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
    ["callers of another trust domain", { callers: ["**", "spiffe://partner/orders/*"] }],
    ["an approval", { approval: "delegated" }],
    ["a rate", { rate: { perSecond: 0.1, burst: 1 } }],
    ["a deprecation without an end", { deprecation: { since: "2026-01-01" } }],
    ["a sunset", { deprecation: { since: "2026-01-01", sunset: "2028-02-29" } }],
    ["a sunset on the day of its deprecation", { deprecation: { since: "2026-01-01", sunset: "2026-01-01" } }],
    ["a sunset without a first day", { deprecation: { sunset: "2028-02-29" } }],
    ["a deprecation without a day", { deprecation: {} }],
  ];
  for (const [name, more] of soundOnes)
    it(`none: ${name}`, () => assert.deepEqual(policyFaults({ ...sound, ...more }), []));

  const unsound: [Partial<Record<keyof Policy, unknown>>, RegExp][] = [
    [{ scopes: [] }, /neither scopes nor any_bot/],
    [{ scopes: undefined }, /neither scopes nor any_bot/],
    [{ anyBot: true }, /both scopes and any_bot/],
    [{ scopes: [], anyBot: true, callers: ["spiffe://partner/**"] }, /callers of another trust domain: write scopes/],
    [{ callers: ["spiffe://partner"] }, /the caller "spiffe:\/\/partner", which is not an identity pattern/],
    [{ scopes: ["actuate"] }, /the scope "actuate", which is not resource:action/],
    [{ purpose: " " }, /empty purpose/],
    [{ purpose: undefined }, /empty purpose/],
    [{ risk: "none" }, /unknown risk "none"/],
    [{ risk: undefined }, /unknown risk/],
    [{ approval: "often" }, /unknown approval "often"/],
    [{ approval: "everyCall", scopes: [], anyBot: true }, /an approval and any_bot/],
    [{ callers: ["a//b"] }, /the caller "a\/\/b"/],
    [{ rate: { perSecond: 0, burst: 1 } }, /rate/],
    [{ rate: { perSecond: Number.POSITIVE_INFINITY, burst: 1 } }, /rate/],
    [{ rate: { perSecond: Number.NaN, burst: 1 } }, /rate/],
    [{ rate: { perSecond: 1, burst: 0 } }, /rate/],
    [{ deprecation: { since: "soon" } }, /since "soon"/],
    [{ deprecation: { since: "22026-01-01" } }, /since "22026-01-01"/],
    [{ deprecation: { since: "2026-01-01T00:00:00Z" } }, /since "2026-01-01T/],
    [{ deprecation: { since: "" } }, /since ""/],
    [{ deprecation: { since: "2026-01" } }, /since "2026-01"/],
    [{ deprecation: { since: "2026-01-01", sunset: "2026-02-30" } }, /sunset "2026-02-30"/],
    [{ deprecation: { since: "2026-01-01", sunset: "2026-13-01" } }, /sunset "2026-13-01"/],
    [{ deprecation: { since: "2026-01-02", sunset: "2026-01-01" } }, /sunset 2026-01-01, before its deprecation/],
  ];
  for (const [more, fault] of unsound) {
    it(JSON.stringify(more), () => {
      const faults = policyFaults({ ...sound, ...more } as Policy);
      assert.equal(faults.length, 1, faults.join());
      assert.match(faults[0] ?? "", fault);
    });
  }

  for (const given of [undefined, "scopes", 1]) {
    it(`a policy that is ${given}`, () => {
      const faults = policyFaults(given as unknown as Policy);
      assert.equal(faults.length, 1);
      assert.match(faults[0] ?? "", /no access policy/);
    });
  }
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

  it("name a gateway that is no identity pattern", () => {
    const methods = { grip: method("/cafe.Gripper/Grip", sound) };
    const service = { name: "cafe.Gripper", servedBy: [], methods };
    assert.deepEqual(serviceFaults({ ...service, via: ["gateway/*"] }), []);
    for (const ends of [{ via: ["spiffe://partner/**"] }, { servedBy: ["spiffe://partner/**"] }])
      assert.match(
        String(serviceFaults({ ...service, ...ends })),
        /is not an identity pattern/,
        "no federated gateway or server",
      );
    assert.deepEqual(serviceFaults({ ...service, via: ["gateway/*", "gateway*"] }), [
      'cafe.Gripper has via "gateway*", which is not an identity pattern',
    ]);
  });

  it("name a method that has no path, or another service's", () => {
    const methods = { grip: method("/cafe.Other/Grip", sound), open: method(undefined as never, undefined) };
    const faults = serviceFaults({ name: "cafe.Gripper", servedBy: [], methods });
    assert.equal(faults.length, 3);
    assert.match(faults[0] ?? "", /^cafe\.Gripper\/grip has the path "\/cafe\.Other\/Grip" of another service/);
    assert.match(faults[1] ?? "", /^cafe\.Gripper\/open has no access policy/);
    assert.match(faults[2] ?? "", /^cafe\.Gripper\/open has the path "undefined"/);
  });

  it("do without what a definition made by hand leaves out", () => {
    const policy = { ...sound, callers: undefined, scopes: undefined, anyBot: true };
    const methods = { grip: method("/cafe.Gripper/Grip", policy) };
    assert.deepEqual(serviceFaults({ name: "cafe.Gripper", servedBy: undefined as never, methods }), []);
  });

  it("none for a sound service", () => {
    const methods = { grip: method("/cafe.Gripper/Grip", sound) };
    assert.deepEqual(serviceFaults({ name: "cafe.Gripper", servedBy: ["gripper/*"], methods }), []);
  });
});
