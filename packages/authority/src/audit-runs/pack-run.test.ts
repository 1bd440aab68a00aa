import assert from "node:assert/strict";
import type { AuditResult } from "./daily-audit.js";
import { maximumKeptBytes, maximumKeptFindings, packRun } from "./pack-run.js";

const finding = { fingerprint: "f", rule: "open-health", subject: "s", severity: "low", message: "It is open." };
const result = (some: Partial<AuditResult> = {}): AuditResult => {
  return { findings: [finding], leftOut: 0, counts: { low: 1 }, notJudged: ["any-certificate"], ...some };
};

describe("a result of an audit, as it is kept", () => {
  it("has the first findings, up to 5,000, and says how many it has not", () => {
    const run = packRun(7, result({ findings: Array(maximumKeptFindings).fill(finding), leftOut: 2 }));
    assert.deepEqual([run.at, JSON.parse(run.findings).length, run.leftOut], [7, 5_000, 2]);
    assert.deepEqual([run.counts, run.notJudged], ['{"low":1}', '["any-certificate"]']);
    const more = packRun(7, result({ findings: Array(maximumKeptFindings + 1).fill(finding), leftOut: 2 }));
    assert.deepEqual([JSON.parse(more.findings).length, more.leftOut], [5_000, 3]);
  });

  it("has up to 1 MiB of findings", () => {
    const empty = Buffer.byteLength(packRun(7, result({ findings: [{ ...finding, message: "" }] })).findings);
    const atBound = { ...finding, message: "x".repeat(maximumKeptBytes - empty - 1) };
    const run = packRun(7, result({ findings: [atBound, finding] }));
    assert.deepEqual([JSON.parse(run.findings).length, run.leftOut], [1, 1]);
    assert.ok(Buffer.byteLength(run.findings) <= maximumKeptBytes);
    const over = packRun(7, result({ findings: [{ ...atBound, message: `${atBound.message}x` }] }));
    assert.deepEqual([over.findings, over.leftOut], ["[]", 1]);
  });

  it("is refused when it is none", () => {
    for (const wrong of [
      { counts: { High: 1 } },
      { counts: { high: -1 } },
      { counts: { high: 0.5 } },
      { counts: Object.fromEntries(Array.from({ length: 17 }, (_, i) => ["x".repeat(i), 1])) },
      { leftOut: Number.NaN },
      { notJudged: ["A rule"] },
      { notJudged: Array(1_001).fill("a") },
      { findings: [{ ...finding, message: 1 as unknown as string }] },
    ]) {
      assert.throws(() => packRun(7, result(wrong)), TypeError, JSON.stringify(wrong).slice(0, 80));
    }
  });
});
