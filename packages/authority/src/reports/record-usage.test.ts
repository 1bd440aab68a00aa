import assert from "node:assert/strict";
import { ReportRequest } from "@interlock/bot/protocol";
import { sql } from "kysely";
import { createDenialLog } from "../audit-log/denial-log.js";
import type { AdminParts } from "../services/admin/admin-parts.js";
import { instanceHandlers } from "../services/admin/instances.js";
import type { Store } from "../store/store.js";
import { maximumUsageRows } from "../store/usage.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { checkReport } from "./check-report.js";
import { recordReport } from "./record-report.js";

const dayMs = 86_400_000;
const start = Date.UTC(2030, 0, 1);
const spiffeId = "spiffe://cafe/arm/1";

/** The methods of a handler, as they are called here: without a context. */
type Listing<Answer> = (request: { pageToken: string }) => Promise<Answer>;

describeOnEach("what reports say of processes and servers", (create) => {
  let place: TestStore;
  let store: Store;
  let now: number;

  beforeEach(async () => {
    place = await create();
    store = await place.open();
    now = start;
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const report = (fields: object) => {
    const counted = { startedAt: new Date(start), countedSince: new Date(start) };
    const endpoints = [{ service: "a.B", address: "arm:1" }];
    const request = ReportRequest.fromPartial({ instance: "one", endpoints, ...counted, ...fields } as object);
    const checked = checkReport(request, { trustDomain: "cafe", name: "arm/1" }, now);
    return store.transaction((records) => recordReport(records, spiffeId, checked, createDenialLog(), now));
  };
  const handlers = () =>
    instanceHandlers({ store, clock: { now: () => now }, usageRetentionMs: 400 * dayMs } as unknown as AdminParts);
  const online = async () => {
    const list = handlers().listInstances as unknown as Listing<{ instances: { instance: string; online: boolean }[] }>;
    return (await list({ pageToken: "" })).instances.map((found) => `${found.instance} ${found.online}`);
  };
  const servers = async () => {
    const list = handlers().listServerRecords as unknown as Listing<{
      servers: { service: string; firstAt: Date; lastAt: Date; uncountedAt: Date | undefined }[];
    }>;
    return (await list({ pageToken: "" })).servers.map(({ service, firstAt, lastAt, uncountedAt }) =>
      [service, ...[firstAt, lastAt, uncountedAt].map((at) => (at ? at.getTime() - start : "never"))].join(" "),
    );
  };

  it("two processes of one bot are there; the one that was killed is not, a minute after its last report", async () => {
    await report({ instance: "one" });
    await report({ instance: "two" });
    now += 30_000;
    await report({ instance: "one" });
    assert.deepEqual(await online(), ["one true", "two true"]);
    now += 29_999;
    assert.deepEqual(await online(), ["one true", "two true"]);
    now += 1;
    assert.deepEqual(await online(), ["one true", "two false"]);
    await report({ instance: "one", stopping: true });
    assert.deepEqual(await online(), ["one false", "two false"]);
  });

  it("a server is on record from its first report to its last, also when its processes are not any more", async () => {
    await report({});
    for (let i = 0; i < 40; i++) {
      now += 1_000;
      await report({ instance: `restarted-${i}` });
    }
    now += 1_000;
    await report({ endpoints: [] });
    assert.deepEqual(await servers(), ["a.B 0 40000 never"]);
  });

  it("a process that does not count, or not from its start, leaves its mark", async () => {
    await report({});
    now += 1_000;
    await report({ countedSince: undefined });
    assert.deepEqual(await servers(), ["a.B 0 1000 1000"]);
    now += 1_000;
    await report({});
    assert.deepEqual(await servers(), ["a.B 0 2000 1000"], "it counts now");
    await report({ countedSince: new Date(start + 1_500), endpoints: [] });
    assert.deepEqual(await servers(), ["a.B 0 2000 1500"], "it lost counts, and serves nothing any more");
    await report({ startedAt: undefined, countedSince: new Date(start + 1_700) });
    assert.deepEqual(await servers(), ["a.B 0 2000 1700"], "nothing is known of the time before");
    await report({ startedAt: new Date(now + 9), countedSince: new Date(now + 9) });
    assert.deepEqual(await servers(), ["a.B 0 2000 1700"], "its clock is ahead");
  });

  it("admitted calls without their method leave a mark, denials do not", async () => {
    const other = { method: "…", caller: "", count: 1n };
    await report({ usage: [{ ...other, denial: "UNIMPLEMENTED", lastAt: new Date(start) }] });
    assert.deepEqual(await servers(), ["a.B 0 0 never"]);
    now += 9;
    await report({ usage: [{ ...other, lastAt: new Date(start + 5) }] });
    assert.deepEqual(await servers(), ["a.B 0 9 5"]);
  });

  it("so do those beyond the bound of its usage", async () => {
    const usage = (from: number, count: number, denial = "") =>
      Array.from({ length: count }, (_, i) => ({
        method: `a.B/${from + i}`,
        denial,
        count: 1n,
        lastAt: new Date(now),
      }));
    await report({});
    const engine = await place.openEngine();
    await sql`insert into usage (spiffe_id, method, caller, actors, denial, count, first_at, last_at)
      with recursive rows (i) as (select 1 union all select i + 1 from rows where i < ${maximumUsageRows})
      select ${spiffeId}, 'a.B/' || i, '', '', '', 1, 1, 1 from rows`.execute(engine.db);
    await engine.close();
    await report({ usage: usage(0, 1, "UNIMPLEMENTED") });
    assert.deepEqual(await servers(), ["a.B 0 0 never"]);
    now += 1;
    await report({ usage: usage(0, 1) });
    assert.deepEqual(await servers(), ["a.B 0 1 1"]);
    const [page, days] = await Promise.all([
      store.usage.page({ after: [spiffeId, "a.C", "", "", ""], limit: 9 }, { since: 0, denied: false }),
      store.usageDays.page(
        { after: ["2030-01-01", spiffeId, "a.C", "", "", ""], limit: 9 },
        { since: "", until: "", denied: false },
      ),
    ]);
    for (const rows of [page, days])
      assert.deepEqual(
        rows.map(({ method, denial, count }) => [method, denial, count]),
        [
          ["…", "", 1],
          ["…", "UNIMPLEMENTED", 1],
        ],
      );
  });

  it("nothing is said of the time for which no usage is kept", async () => {
    await report({});
    now += 500 * dayMs;
    await report({});
    assert.deepEqual(await servers(), [`a.B ${100 * dayMs} ${500 * dayMs} never`]);
    now += 500 * dayMs;
    assert.deepEqual(await servers(), [`a.B ${500 * dayMs} ${500 * dayMs} never`]);
  });
});
