import assert from "node:assert/strict";
import type { Endpoint, Usage } from "@interlock/bot/protocol";
import { checkReport, maximumEndpoints, maximumReportedUsage } from "./check-report.js";

const now = 1_000_000;
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
    assert.deepEqual(checkReport({ endpoints: [endpoint], usage: [row, later] }, now), {
      endpoints: [{ service: "a.B", address: "10.0.0.1:50051" }],
      usage: [
        { method: "a.B/C", caller: "spiffe://cafe/leader/1", denial: "SCOPE_MISSING", count: 3, lastAt: now - 5 },
        { method: "…", caller: "", denial: "", count: 3, lastAt: now },
      ],
    });
    checkReport({ endpoints: [{ ...endpoint, address: "[::1]:1" }], usage: [] }, now);
  });

  const badEndpoints = [
    { service: "a/B" },
    { address: "a" },
    { address: "a:0" },
    { address: "a:65536" },
    { address: "a b:1" },
  ];
  const badRows = [{ method: "x".repeat(513) }, { method: "a\nb" }, { caller: "me" }, { denial: "no" }, { count: 0n }];
  it("refuses what is malformed", () => {
    for (const bad of badEndpoints) {
      assert.throws(() => checkReport({ endpoints: [{ ...endpoint, ...bad }], usage: [] }, now), /malformed/);
    }
    for (const bad of [...badRows, { count: 2n ** 63n }]) {
      assert.throws(() => checkReport({ endpoints: [], usage: [{ ...row, ...bad }] }, now), {
        code: "INVALID_ARGUMENT",
      });
    }
  });

  it("refuses what is too much", () => {
    const endpoints = Array(maximumEndpoints + 1).fill(endpoint);
    assert.throws(() => checkReport({ endpoints, usage: [] }, now), /at most/);
    const usage = Array(maximumReportedUsage + 1).fill(row);
    assert.throws(() => checkReport({ endpoints: [], usage }, now), /at most/);
  });
});
