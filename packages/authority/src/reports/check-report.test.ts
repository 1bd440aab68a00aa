import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Endpoint, ReportRequest, type Usage } from "@interlock/bot/protocol";
import { maximumManifestBytes } from "@interlock/policy";
import { checkReport, maximumEndpoints, maximumReportedUsage } from "./check-report.js";

const now = 1_000_000;
const instance = "";
const reporter = { trustDomain: "cafe", name: "gripper/1" };
const endpoint: Endpoint = { spiffeId: "spiffe://cafe/forged", service: "a.B", address: "10.0.0.1:50051" };
const row: Usage = {
  spiffeId: "spiffe://cafe/forged",
  method: "a.B/C",
  caller: "spiffe://cafe/leader/1",
  actors: ["spiffe://cafe/gateway/1", "spiffe://cafe/front/1"],
  denial: "SCOPE_MISSING",
  count: 3n,
  firstAt: new Date(now - 6),
  lastAt: new Date(now - 5),
};
const check = (
  report: Partial<ReportRequest>,
  by: { readonly trustDomain: string; readonly name: string },
  at: number,
) => checkReport(ReportRequest.fromPartial(report), by, at);
const empty = { startedAt: now, version: "", manifestHash: "", manifest: undefined, stopping: false, uncountedAt: now };

describe("checkReport", () => {
  it("takes over what is reported, but not whose it is, nor a time to come", () => {
    const later = { ...row, method: "…", caller: "", actors: [], denial: "", lastAt: new Date(now + 9) };
    assert.deepEqual(check({ endpoints: [endpoint], usage: [row, later], instance: "i-1" }, reporter, now), {
      endpoints: [{ service: "a.B", address: "10.0.0.1:50051" }],
      usage: [
        {
          method: "a.B/C",
          caller: "spiffe://cafe/leader/1",
          actors: "gateway/1 front/1",
          denial: "SCOPE_MISSING",
          count: 3,
          firstAt: now - 6,
          lastAt: now - 5,
        },
        { method: "…", caller: "", actors: "", denial: "", count: 3, firstAt: now - 6, lastAt: now },
      ],
      instance: "i-1",
      ...empty,
    });
    check({ endpoints: [{ ...endpoint, address: "[::1]:1" }], usage: [], instance }, reporter, now);
  });

  it("leaves out calls of the authority's own services that another bot says to have admitted", () => {
    const own = { ...row, method: "interlock.authority.v1.AdminService/Revoke", denial: "" };
    const { usage } = check(
      { usage: [own, { ...own, denial: "UNIMPLEMENTED" }, { ...row, denial: "" }] },
      reporter,
      now,
    );
    assert.deepEqual(
      usage.map(({ method, denial }) => [method, denial]),
      [
        [own.method, "UNIMPLEMENTED"],
        [row.method, ""],
      ],
    );
  });

  it("takes callers of federated trust domains, and leaves out those of others", () => {
    const callers = (...uris: string[]) => {
      const usage = uris.map((caller) => ({ ...row, caller, actors: [] }));
      const report = ReportRequest.fromPartial({ usage, instance });
      return checkReport(report, reporter, now, (domain) => domain === "partner").usage.map(({ caller }) => caller);
    };
    const long = `spiffe://partner/${"a".repeat(500)}`;
    assert.deepEqual(callers("spiffe://partner/orders/1", "spiffe://third/orders/1", long), [
      "spiffe://partner/orders/1",
      "",
      "",
    ]);
    assert.deepEqual(
      check({ usage: [{ ...row, caller: "spiffe://partner/x" }], instance }, reporter, now).usage[0]?.caller,
      "",
    );
  });

  const badEndpoints = [
    { service: "a/B" },
    { address: "a" },
    { address: "a:0" },
    { address: "a:65536" },
    { address: "a b:1" },
  ];
  const badRows = [
    { method: "x".repeat(257) },
    { method: "a\nb" },
    { method: "a\0b" },
    { caller: "me" },
    { caller: "spiffe://Other/leader/1" },
    { caller: `spiffe://cafe/${"a".repeat(256)}` },
    { actors: ["gateway/1"] },
    { actors: ["spiffe://other/gateway/1"] },
    { actors: Array(4).fill("spiffe://cafe/gateway/1") },
    { denial: "no" },
    { denial: "MADE_UP" },
    { count: 0n },
  ];
  it("refuses what is malformed", () => {
    for (const bad of badEndpoints) {
      assert.throws(
        () => check({ endpoints: [{ ...endpoint, ...bad }], usage: [], instance }, reporter, now),
        /malformed/,
      );
    }
    for (const bad of [...badRows, { count: 2n ** 63n }]) {
      assert.throws(() => check({ endpoints: [], usage: [{ ...row, ...bad }], instance }, reporter, now), {
        code: "INVALID_ARGUMENT",
      });
    }
  });

  it("takes a time that no date can hold for now, and refuses a malformed instance", () => {
    for (const lastAt of [new Date(Number.NaN), new Date(-1), undefined]) {
      const { usage } = check({ endpoints: [], usage: [{ ...row, lastAt }], instance }, reporter, now);
      assert.equal(usage[0]?.lastAt, now);
    }
    for (const bad of ["a b", "\0", "x".repeat(65)]) {
      assert.throws(() => check({ endpoints: [], usage: [], instance: bad }, reporter, now), /instance/);
    }
  });

  it("leaves out the authority's own services, unless the authority serves them", () => {
    const own = { ...endpoint, service: "interlock.authority.v1.AdminService" };
    const report = { endpoints: [own, endpoint], usage: [], instance };
    const services = (name: string) =>
      check(report, { trustDomain: "cafe", name }, now).endpoints.map(({ service }) => service);
    assert.deepEqual(services("gripper/1"), ["a.B"]);
    assert.deepEqual(services("interlock/authority"), [own.service, "a.B"]);
  });

  it("refuses what is too much", () => {
    const endpoints = Array(maximumEndpoints + 1).fill(endpoint);
    assert.throws(() => check({ endpoints, usage: [], instance }, reporter, now), /at most/);
    const usage = Array(maximumReportedUsage + 1).fill(row);
    assert.throws(() => check({ endpoints: [], usage, instance }, reporter, now), /at most/);
  });

  const service = { name: "a.B", servedBy: [], methods: [] };
  const withManifest = (services: readonly object[]) => {
    const manifest = JSON.stringify({ version: 1, services });
    return { manifest, manifestHash: createHash("sha256").update(manifest).digest("hex") };
  };

  it("takes a manifest with its hash, the version and the start of a process", () => {
    const report = { ...withManifest([service]), version: "1.2.3-β", startedAt: new Date(5), stopping: true };
    const checked = check(report, reporter, now);
    assert.deepEqual(
      [checked.manifest, checked.manifestHash, checked.version, checked.startedAt, checked.stopping],
      [report.manifest, report.manifestHash, "1.2.3-β", 5, true],
    );
    assert.equal(check({ startedAt: new Date(now + 1) }, reporter, now).startedAt, now);
  });

  it("refuses a manifest that is not what it says, malformed, too large, or of the authority's own services", () => {
    const own = { ...service, name: "interlock.authority.v1.AdminService" };
    const large = withManifest([{ ...service, padding: "x".repeat(maximumManifestBytes) }]);
    const refused: readonly [object, RegExp][] = [
      [{ ...withManifest([service]), manifestHash: "0".repeat(64) }, /another one than reported/],
      [{ ...withManifest([service]), manifestHash: "" }, /another one than reported/],
      [withManifest([{ name: "a/B" }]), /no full name/],
      [withManifest([own]), /may not serve/],
      [large, /above 262144 bytes/],
      [{ manifestHash: "A".repeat(64) }, /hash is malformed/],
      [{ version: "1 2" }, /version is malformed/],
      [{ version: "x".repeat(65) }, /version is malformed/],
      [{ version: "\u202e1" }, /version is malformed/],
    ];
    for (const [report, message] of refused) assert.throws(() => check(report, reporter, now), message);
    check(withManifest([own]), { ...reporter, name: "interlock/authority" }, now);
  });
});
