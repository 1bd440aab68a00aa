import assert from "node:assert/strict";
import type { Endpoint, Usage } from "@interlock/bot/protocol";
import { checkReport, maximumEndpoints, maximumReportedUsage } from "./check-report.js";

const now = 1_000_000;
const instance = "";
const reporter = { trustDomain: "cafe", name: "gripper/1" };
const endpoint: Endpoint = { spiffeId: "spiffe://cafe/forged", service: "a.B", address: "10.0.0.1:50051" };
const row: Usage = {
  spiffeId: "spiffe://cafe/forged",
  method: "a.B/C",
  caller: "spiffe://cafe/leader/1",
  denial: "SCOPE_MISSING",
  count: 3n,
  lastAt: new Date(now - 5),
};

describe("checkReport", () => {
  it("takes over what is reported, but not whose it is, nor a time to come", () => {
    const later = { ...row, method: "…", caller: "", denial: "", lastAt: new Date(now + 9) };
    assert.deepEqual(checkReport({ endpoints: [endpoint], usage: [row, later], instance: "i-1" }, reporter, now), {
      endpoints: [{ service: "a.B", address: "10.0.0.1:50051" }],
      usage: [
        { method: "a.B/C", caller: "spiffe://cafe/leader/1", denial: "SCOPE_MISSING", count: 3, lastAt: now - 5 },
        { method: "…", caller: "", denial: "", count: 3, lastAt: now },
      ],
      instance: "i-1",
    });
    checkReport({ endpoints: [{ ...endpoint, address: "[::1]:1" }], usage: [], instance }, reporter, now);
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
    { caller: "spiffe://other/leader/1" },
    { caller: `spiffe://cafe/${"a".repeat(256)}` },
    { denial: "no" },
    { denial: "MADE_UP" },
    { count: 0n },
  ];
  it("refuses what is malformed", () => {
    for (const bad of badEndpoints) {
      assert.throws(
        () => checkReport({ endpoints: [{ ...endpoint, ...bad }], usage: [], instance }, reporter, now),
        /malformed/,
      );
    }
    for (const bad of [...badRows, { count: 2n ** 63n }]) {
      assert.throws(() => checkReport({ endpoints: [], usage: [{ ...row, ...bad }], instance }, reporter, now), {
        code: "INVALID_ARGUMENT",
      });
    }
  });

  it("takes a time that no date can hold for now, and refuses a malformed instance", () => {
    for (const lastAt of [new Date(Number.NaN), new Date(-1), undefined]) {
      const { usage } = checkReport({ endpoints: [], usage: [{ ...row, lastAt }], instance }, reporter, now);
      assert.equal(usage[0]?.lastAt, now);
    }
    for (const bad of ["a b", "\0", "x".repeat(65)]) {
      assert.throws(() => checkReport({ endpoints: [], usage: [], instance: bad }, reporter, now), /instance/);
    }
  });

  it("leaves out the authority's own services, unless the authority serves them", () => {
    const own = { ...endpoint, service: "interlock.authority.v1.AdminService" };
    const report = { endpoints: [own, endpoint], usage: [], instance };
    const services = (name: string) =>
      checkReport(report, { trustDomain: "cafe", name }, now).endpoints.map(({ service }) => service);
    assert.deepEqual(services("gripper/1"), ["a.B"]);
    assert.deepEqual(services("interlock/authority"), [own.service, "a.B"]);
  });

  it("refuses what is too much", () => {
    const endpoints = Array(maximumEndpoints + 1).fill(endpoint);
    assert.throws(() => checkReport({ endpoints, usage: [], instance }, reporter, now), /at most/);
    const usage = Array(maximumReportedUsage + 1).fill(row);
    assert.throws(() => checkReport({ endpoints: [], usage, instance }, reporter, now), /at most/);
  });
});
