import assert from "node:assert/strict";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { maximumAuditRuns } from "./audit-runs.js";
import type { Store } from "./store.js";

const hour = 3_600_000;
const result = (at: number) => ({ at, findings: "[]", leftOut: 0, counts: `{"high":${at}}`, notJudged: "[]" });

describeOnEach("the results of daily audits", (create) => {
  let place: TestStore;
  let store: Store;

  beforeEach(async () => {
    place = await create();
    store = await place.open();
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const claim = (day: string, now: number) =>
    store.transaction(({ auditRuns }) => auditRuns.claim(day, now, now - hour));
  const finish = (day: string, claimedAt: number, at = claimedAt) =>
    store.transaction(({ auditRuns }) => auditRuns.finish(day, claimedAt, result(at)));
  const days = async (since = 0, after?: string) =>
    (await store.auditRuns.page({ after: after === undefined ? undefined : [after], limit: 999 }, since)).map(
      (run) => run.day,
    );

  it("are claimed once a day; again an hour after a claim that led to nothing", async () => {
    assert.deepEqual([await claim("2026-01-01", hour), await claim("2026-01-01", 2 * hour - 1)], [true, false]);
    assert.deepEqual([await store.auditRuns.latest(), await days()], [undefined, []]);
    assert.equal(await claim("2026-01-01", 2 * hour), true);
    await finish("2026-01-01", hour, 7); // By the authority that was given up.
    assert.equal(await store.auditRuns.latest(), undefined);
    await finish("2026-01-01", 2 * hour);
    await finish("2026-01-01", 2 * hour, 9);
    assert.deepEqual(await store.auditRuns.latest(), {
      day: "2026-01-01",
      at: 2 * hour,
      counts: `{"high":${2 * hour}}`,
    });
    assert.equal(await claim("2026-01-01", 99 * hour), false, "it has a result");
    assert.equal(await claim("2026-01-02", 99 * hour), true);
  });

  it("are listed since a time, with the last one before it", async () => {
    for (const [day, at] of [
      ["2026-01-01", 10],
      ["2026-01-02", 20],
      ["2026-01-04", 40],
    ] as const) {
      await claim(day, at);
      await finish(day, at);
    }
    await claim("2026-01-05", 50);
    const all = ["2026-01-01", "2026-01-02", "2026-01-04"];
    assert.deepEqual([await days(), await days(9), await days(19)], [all, all, all]);
    assert.deepEqual([await days(20), await days(39)], [all.slice(1), all.slice(1)]);
    assert.deepEqual([await days(40), await days(0, "2026-01-01")], [all.slice(2), all.slice(1)]);
    await store.transaction(({ auditRuns }) => auditRuns.prune("2026-01-02"));
    assert.deepEqual(await days(), all.slice(1));
  });

  it("are 400 at most: the oldest go", async () => {
    const dayAt = (n: number) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);
    await store.transaction(async ({ auditRuns }) => {
      for (let n = 0; n < maximumAuditRuns; n++) await auditRuns.claim(dayAt(n), n + 1, 0);
      for (let n = 0; n < maximumAuditRuns; n += 100) await auditRuns.finish(dayAt(n), n + 1, result(n + 1));
    });
    assert.equal((await days())[0], dayAt(0), "at the bound");
    await claim(dayAt(maximumAuditRuns), 9_999);
    await finish(dayAt(maximumAuditRuns), 9_999);
    assert.deepEqual(await days(), [100, 200, 300, 400].map(dayAt));
  });
});
