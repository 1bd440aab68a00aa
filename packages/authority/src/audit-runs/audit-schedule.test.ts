import assert from "node:assert/strict";
import { silentLog } from "@interlock/bot";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import type { AdminReader } from "./admin-reader.js";
import { type AuditSchedule, type AuditScheduleOptions, startAuditSchedule } from "./audit-schedule.js";
import type { AuditRequest, AuditResult } from "./daily-audit.js";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const found: AuditResult = { findings: [], leftOut: 0, counts: { high: 2, low: 0 }, notJudged: [] };

describeOnEach("the daily audit", (create) => {
  let place: TestStore;
  let now: number;
  let stores: Store[];
  let schedules: AuditSchedule[];

  beforeEach(async () => {
    place = await create();
    now = Date.UTC(2026, 0, 1, 12);
    stores = [];
    schedules = [];
  });
  afterEach(async () => {
    await Promise.all(schedules.map((schedule) => schedule.close()));
    await Promise.all([...new Set(stores)].map((store) => store.close()));
    await place.remove();
  });

  /** An authority's schedule on the store, with what it has logged and asked for. */
  async function authority(judge: (request: AuditRequest) => Promise<AuditResult> = async () => found) {
    // A data folder has one owner: there, all use one store.
    const store = place.url === undefined && stores[0] ? stores[0] : await place.open();
    stores.push(store);
    const lines: string[] = [];
    const judged: AuditRequest[] = [];
    const counts: AuditScheduleOptions["counts"] = { audit: undefined };
    const schedule = startAuditSchedule({
      store,
      dailyAudit: {
        judge: (request) => {
          judged.push(request);
          return judge(request);
        },
      },
      admin: {} as AdminReader,
      trustDomain: "cafe",
      counts,
      clock: { now: () => now },
      log: {
        ...silentLog,
        info: (message) => lines.push(message),
        error: (message, fields) => lines.push(`${message}: ${fields?.error}`),
      },
    });
    schedules.push(schedule);
    await schedule.turn(); // The one of the start.
    return { store, schedule, counts, lines, judged };
  }

  it("runs five minutes after the start, and then once a day in UTC", async () => {
    const { schedule, store, counts, lines, judged } = await authority();
    const turnAt = async (at: number) => {
      now = at;
      await schedule.turn();
      return judged.length;
    };
    const start = now;
    assert.equal(await turnAt(start + 5 * minute - 1), 0);
    assert.equal(await turnAt(start + 5 * minute), 1);
    assert.deepEqual(counts.audit, { at: now, findings: { high: 2, low: 0 } });
    assert.equal(await turnAt(start + 12 * hour - 1), 1);
    assert.equal(await turnAt(start + 12 * hour), 2);
    assert.equal(await turnAt(start + 3 * day), 3);
    assert.deepEqual(
      (await store.auditRuns.page({ after: undefined, limit: 9 }, 0)).map((run) => run.day),
      ["2026-01-01", "2026-01-02", "2026-01-04"],
    );
    assert.deepEqual(new Set(lines), new Set(["fleet audited"]));
    assert.deepEqual([judged[0]?.now, judged[0]?.trustDomain], [start + 5 * minute, "cafe"]);
  });

  it("is tried again an hour after it failed, with one line in the log each", async () => {
    let fails = true;
    const { schedule, lines, counts } = await authority(async () => {
      if (fails) throw new Error("no memory");
      return found;
    });
    now += 5 * minute;
    for (let i = 0; i < 3; i++) await schedule.turn();
    assert.deepEqual(lines, ["fleet not audited: no memory"]);
    now += hour - 1;
    await schedule.turn();
    assert.equal(lines.length, 1);
    now += 1;
    await schedule.turn();
    assert.deepEqual([lines.length, counts.audit], [2, undefined]);
    fails = false;
    now += hour;
    await schedule.turn();
    assert.deepEqual(lines.slice(2), ["fleet audited"]);
  });

  it("does not wait for a judgment that does not heed the end of its authority", async () => {
    let signal: AbortSignal | undefined;
    const { schedule, lines } = await authority((request) => {
      signal = request.signal;
      return new Promise(() => {});
    });
    now += 5 * minute;
    const turn = schedule.turn();
    while (signal === undefined) await new Promise(setImmediate);
    await schedule.close();
    await turn;
    assert.deepEqual([signal.aborted, lines], [true, []]);
  });

  it("is run by one of several authorities, and measured by all", async () => {
    const [one, two] = [await authority(), await authority()];
    now += 5 * minute;
    await Promise.all([one.schedule.turn(), two.schedule.turn()]);
    assert.equal(one.judged.length + two.judged.length, 1);
    now += minute;
    await Promise.all([one.schedule.turn(), two.schedule.turn()]);
    assert.equal(one.judged.length + two.judged.length, 1);
    assert.deepEqual(one.counts.audit, two.counts.audit);
    assert.equal(one.counts.audit?.findings.high, 2);
  });

  it("is taken over an hour after its authority ended in the middle", async () => {
    const one = await authority(() => new Promise(() => {}));
    const two = await authority();
    now += 5 * minute;
    void one.schedule.turn();
    while (one.judged.length === 0) await new Promise(setImmediate);
    now += hour - 1;
    await two.schedule.turn();
    assert.equal(two.judged.length, 0);
    now += 1;
    await two.schedule.turn();
    assert.equal(two.judged.length, 1);
  });
});
