import assert from "node:assert/strict";
import type { ServedManifest } from "./manifest.js";
import { parseManifest } from "./parse-manifest.js";
import { servedManifest } from "./served-manifest.js";
import type { ServiceDefinition } from "./service.js";

const policy = {
  scopes: ["gripper:actuate"],
  anyBot: false,
  purpose: "Close the gripper.",
  risk: "high",
  dataClasses: ["internal"],
  callers: ["leader/*"],
  rate: { perSecond: 2, burst: 4 },
  deprecation: { since: "2026-01-02", sunset: "2027-01-02", replacement: "Hold" },
  worstCase: "It closes on a hand.",
  approval: "delegated",
} as const;
const method = { name: "Grip", path: "/cafe.v1.Gripper/Grip", kind: "unary", policy } as const;
const service = {
  name: "cafe.v1.Gripper",
  owner: "arms",
  description: "An arm.",
  servedBy: ["gripper/*"],
  via: ["gateway/*"],
  methods: [method],
};
const manifest: ServedManifest = { version: 1, services: [service] };

describe("parseManifest", () => {
  it("reads what it knows, and leaves out the rest", () => {
    const json = JSON.stringify({
      ...manifest,
      services: [{ ...service, file: "a.proto", methods: [{ ...method, request: "a.B" }] }],
    });
    assert.deepEqual(parseManifest(json), manifest);
    const { owner: _, description: __, servedBy: ___, via: ____, ...bare } = service;
    const { rate: _r, deprecation: _d, worstCase: _w, approval: _a, ...plain } = policy;
    const least = { version: 1, services: [{ ...bare, methods: [{ ...method, policy: plain }] }] };
    const [poor] = parseManifest(JSON.stringify(least)).services;
    assert.deepEqual([poor?.servedBy, poor && "via" in poor], [[], false]);
    // At the bound, and a deprecation of which nobody knows since when.
    const full = { ...plain, deprecation: {}, worstCase: "x".repeat(2_048) };
    const read = parseManifest(JSON.stringify(changePolicy(full))).services[0]?.methods[0]?.policy;
    assert.deepEqual([read?.deprecation, read?.worstCase], [{}, full.worstCase]);
  });

  it("reads what a method's proto says of its effects, and a manifest of before that was written", () => {
    for (const idempotency of ["noSideEffects", "idempotent"] as const) {
      const methods = [{ ...method, idempotency }];
      const json = JSON.stringify({ version: 1, services: [{ ...service, methods }] });
      assert.equal(parseManifest(json).services[0]?.methods[0]?.idempotency, idempotency);
      assert.deepEqual(
        servedManifest([{ ...service, methods: { grip: { ...method, idempotency } } } as never]).services,
        [{ ...service, methods }],
      );
    }
    assert.ok(!("idempotency" in (parseManifest(JSON.stringify(manifest)).services[0]?.methods[0] ?? {})));
  });

  const change = (fields: object) => ({ version: 1, services: [{ ...service, ...fields }] });
  const changeMethod = (fields: object) => change({ methods: [{ ...method, ...fields }] });
  const changePolicy = (fields: object) => changeMethod({ policy: { ...policy, ...fields } });
  const faults: readonly [string, unknown, RegExp][] = [
    ["a list", [], /no JSON object/],
    ["null", null, /no JSON object/],
    ["another version", { version: 2, services: [] }, /version is not 1/],
    ["no services", { version: 1 }, /no list/],
    ["too many services", { version: 1, services: Array(257).fill(service) }, /more than 256/],
    ["a service twice", { version: 1, services: [service, service] }, /twice/],
    ["a service without a name", change({ name: "a b" }), /no full name/],
    ["a served_by that is no pattern", change({ servedBy: ["a b"] }), /identity pattern/],
    ["a via that is no pattern", change({ via: ["gateway*"] }), /via that is not an identity pattern/],
    ["a via that is no list", change({ via: "gateway/*" }), /via of cafe.v1.Gripper are no list/],
    ["an owner with a NUL", change({ owner: "a\0" }), /owner of cafe.v1.Gripper/],
    ["a description that is too long", change({ description: "x".repeat(2_049) }), /description/],
    ["a method without a name", changeMethod({ name: "a/b" }), /has no name/],
    ["an idempotency that is not known", changeMethod({ idempotency: "often" }), /unknown idempotency/],
    ["a path of another service", changeMethod({ path: "/a.B/Grip" }), /path of another/],
    ["an unknown kind", changeMethod({ kind: "duplex" }), /unknown kind/],
    ["no policy", changeMethod({ policy: undefined }), /policy of cafe.v1.Gripper\/Grip is no JSON object/],
    ["a scope that is none", changePolicy({ scopes: ["no"] }), /not resource:action/],
    ["too many scopes", changePolicy({ scopes: Array(65).fill("a:b") }), /more than 64/],
    ["neither scopes nor any bot", changePolicy({ scopes: [] }), /neither scopes nor any_bot/],
    ["an unknown risk", changePolicy({ risk: "some" }), /unknown risk/],
    ["an unknown data class", changePolicy({ dataClasses: ["some"] }), /unknown data class/],
    ["a caller that is no pattern", changePolicy({ callers: ["a b"] }), /identity pattern/],
    ["a rate that is none", changePolicy({ rate: { perSecond: "1", burst: 1 } }), /rate .* malformed/],
    ["an approval that is not known", changePolicy({ approval: "often" }), /unknown approval/],
    ["an approval of a stream of requests", changeMethod({ kind: "clientStreaming" }), /takes a stream/],
    ["a worst case that is too long", changePolicy({ worstCase: "x".repeat(2_049) }), /worst case of cafe/],
    [
      "a sunset before its deprecation",
      changePolicy({ deprecation: { since: "2027-01-02", sunset: "2027-01-01" } }),
      /before/,
    ],
    ["a deprecation without a date", changePolicy({ deprecation: { since: "soon" } }), /not a date/],
  ];
  for (const [what, value, message] of faults)
    it(`refuses ${what}`, () => assert.throws(() => parseManifest(JSON.stringify(value)), message));

  it("refuses what is no JSON, and too many methods", () => {
    assert.throws(() => parseManifest("{"), /no JSON/);
    const methods = Array.from({ length: 2_049 }, (_, i) => ({
      ...method,
      name: `M${i}`,
      path: `/cafe.v1.Gripper/M${i}`,
    }));
    const other = methods.map((one) => ({ ...one, path: one.path.replace("Gripper", "Other") }));
    const both = {
      version: 1,
      services: [
        { ...service, methods },
        { ...service, name: "cafe.v1.Other", methods: other },
      ],
    };
    assert.throws(() => parseManifest(JSON.stringify(both)), /more than 4096 methods/);
  });
});

describe("servedManifest", () => {
  it("is the same for the same services in any order, and what parseManifest reads", () => {
    const codec = undefined as never;
    const grip = { path: method.path, kind: method.kind, policy, request: codec, response: codec };
    const one: ServiceDefinition = { ...service, methods: { grip } };
    const two: ServiceDefinition = { name: "a.B", servedBy: [], via: [], methods: {} };
    const json = JSON.stringify(servedManifest([one, two, one]));
    assert.equal(json, JSON.stringify(servedManifest([two, one])));
    assert.deepEqual(parseManifest(json), {
      version: 1,
      services: [{ name: "a.B", servedBy: [], methods: [] }, service],
    });
  });
});
