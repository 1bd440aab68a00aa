import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { maximumActors } from "@interlock/bot/internal";
import { sql } from "kysely";
import { readPage } from "../services/page.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import type { Store } from "./store.js";
import { maximumForeignRows, maximumUsageRows, type UsageCounts } from "./usage.js";
import { createUsageDays, type UsageDaysSelection } from "./usage-days.js";

const dayMs = 86_400_000;
const today = Date.UTC(2030, 0, 31);
const everything = { since: 0, denied: false };
const allDays = { since: "", until: "", denied: false };
const row: UsageCounts = { method: "a.B/C", caller: "", actors: "", denial: "", count: 1, firstAt: 1, lastAt: 1 };

describeOnEach("the usage", (create) => {
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

  const days = async (selection: UsageDaysSelection = allDays) =>
    (await store.usageDays.page({ after: undefined, limit: 99 }, selection)).map((found) =>
      [found.day.slice(-5), found.spiffeId, found.method, found.actors, found.denial, found.count].join(" "),
    );

  it("is kept by actors", async () => {
    for (const actors of ["", "gateway/1", "gateway/1 front/1", "gateway/1"])
      await store.usage.add("b", [{ ...row, actors }]);
    const page = await store.usage.page({ after: undefined, limit: 9 }, everything);
    assert.deepEqual(
      page.map(({ actors, count }) => [actors, count]),
      [
        ["", 1],
        ["gateway/1", 2],
        ["gateway/1 front/1", 1],
      ],
    );
    const next = await store.usage.page({ after: ["b", "a.B/C", "", "gateway/1", ""], limit: 9 }, everything);
    assert.deepEqual(
      next.map(({ actors }) => actors),
      ["gateway/1 front/1"],
    );
  });

  it("is read completely, page by page: 50,000 rows of five bots", async () => {
    const engine = await place.openEngine();
    try {
      await sql`insert into usage (spiffe_id, method, caller, actors, denial, count, first_at, last_at)
        with recursive rows (i) as (select 1 union all select i + 1 from rows where i < 50000)
        select 'spiffe://cafe/b/' || (i % 5), 'a.B/' || i, '', '', '', 1, 1, 1 + i % 7 from rows`.execute(engine.db);
    } finally {
      await engine.close();
    }
    const seen = new Set<string>();
    let pages = 0;
    let pageToken = "";
    do {
      const { items, nextPageToken } = await readPage(pageToken, (request) => store.usage.page(request, everything), {
        key: ["", "", "", "", ""],
        keyOf: (found) => [found.spiffeId, found.method, found.caller, found.actors, found.denial],
        toItem: (found) => found,
      });
      for (const found of items) seen.add(`${found.spiffeId} ${found.method}`);
      pages++;
      pageToken = nextPageToken;
    } while (pageToken !== "");
    assert.deepEqual([seen.size, pages], [50_000, 25]);
  });

  it("is kept by day in UTC, and listed by day, denials only or not", async () => {
    const add = (spiffeId: string, lastAt: number, more: Partial<UsageCounts> = {}) =>
      store.transaction(({ usageDays }) => usageDays.add(spiffeId, [{ ...row, lastAt, ...more }]));
    await add("b", today - 1);
    await add("b", today, { actors: "gateway/1" });
    await add("b", today + dayMs - 1, { actors: "gateway/1", count: 2 });
    await add("a", today, { denial: "NO_GRANT" });
    assert.deepEqual(await days(), ["01-30 b a.B/C   1", "01-31 a a.B/C  NO_GRANT 1", "01-31 b a.B/C gateway/1  3"]);
    assert.deepEqual(await days({ ...allDays, since: "2030-01-31" }), (await days()).slice(1));
    assert.deepEqual(await days({ ...allDays, until: "2030-01-30" }), (await days()).slice(0, 1));
    assert.deepEqual(await days({ ...allDays, denied: true }), (await days()).slice(1, 2));
    const [first] = await store.usageDays.page({ after: undefined, limit: 1 }, allDays);
    assert.ok(first);
    const after = [first.day, first.spiffeId, first.method, first.caller, first.actors, first.denial];
    assert.equal((await store.usageDays.page({ after, limit: 9 }, allDays)).length, 2);

    await store.usageDays.prune("2030-01-31", 9);
    assert.equal((await days()).length, 2);
    await store.usageDays.prune("2030-02-01", 1);
    assert.deepEqual(await days(), ["01-31 b a.B/C gateway/1  3"], "at most so many at once");
  });

  it("loses the oldest days of a bot at the bound, never a part of one, nor the only one", async () => {
    const engine = await place.openEngine();
    try {
      const bounded = createUsageDays(engine.db, 10);
      const rows = (day: number, from: number, to: number) =>
        Array.from({ length: to - from }, (_, i) => ({ ...row, method: `m${from + i}`, lastAt: today + day * dayMs }));
      await bounded.add("other", rows(-9, 0, 3));
      for (const day of [-3, -2, -1]) await bounded.add("b", rows(day, 0, 3));
      await bounded.add("b", rows(0, 0, 1));
      const kept = async () => {
        const counts = new Map<string, number>();
        for (const { spiffeId, day } of await bounded.page({ after: undefined, limit: 99 }, allDays))
          counts.set(`${spiffeId} ${day}`, (counts.get(`${spiffeId} ${day}`) ?? 0) + 1);
        return [...counts].map(([name, count]) => `${name} ${count}`);
      };
      assert.equal((await kept()).length, 5, "at the bound");
      await bounded.add("b", rows(0, 1, 3));
      assert.deepEqual(await kept(), ["other 2030-01-22 3", "b 2030-01-29 3", "b 2030-01-30 3", "b 2030-01-31 3"]);
      await bounded.add("b", rows(0, 3, 20));
      assert.deepEqual(await kept(), ["other 2030-01-22 3", "b 2030-01-31 20"]);
      await bounded.add("b", rows(-1, 0, 1));
      assert.deepEqual(await kept(), ["other 2030-01-22 3", "b 2030-01-31 20"], "a day that is reported late");
    } finally {
      await engine.close();
    }
  });

  it("says which rows it has counted without their method", async () => {
    const engine = await place.openEngine();
    try {
      await sql`insert into usage (spiffe_id, method, caller, actors, denial, count, first_at, last_at)
        with recursive rows (i) as (select 1 union all select i + 1 from rows where i < ${maximumUsageRows - 1})
        select 'b', 'm' || i, '', '', '', 1, 1, 1 from rows`.execute(engine.db);
    } finally {
      await engine.close();
    }
    const given = ["m1", "new", "m2", "newer", "new"].map((method, i) => ({
      ...row,
      method,
      caller: "",
      lastAt: i + 1,
    }));
    const counted = await store.transaction(({ usage }) => usage.add("b", given));
    assert.deepEqual(
      counted.map(({ method, lastAt }) => [method, lastAt]),
      [
        ["m1", 1],
        ["new", 2],
        ["m2", 3],
        ["…", 4],
        ["new", 5],
      ],
    );
  });

  it("leaves most rows to callers of the own trust domain, however many those of others are", async () => {
    const by = (caller: string, denial = "", method = row.method) => ({ ...row, method, caller, denial });
    const bot = "spiffe://cafe/echo/1";
    const foreign = (i: number) => by(`spiffe://partner/orders/${i}`);
    const first = Array.from({ length: maximumForeignRows }, (_, i) => foreign(i));
    await store.transaction(({ usage }) => usage.add(bot, first));
    const given = [
      foreign(0),
      foreign(maximumForeignRows),
      by("spiffe://partner/orders/x", "SCOPE_MISSING", "any/Method"),
      by("spiffe://cafe/home/1"),
    ];
    const counted = await store.transaction(({ usage }) => usage.add(bot, given));
    assert.deepEqual(
      counted.map(({ method, caller }) => [method, caller]),
      [
        [row.method, "spiffe://partner/orders/0"],
        [row.method, ""],
        ["…", ""],
        [row.method, "spiffe://cafe/home/1"],
      ],
    );
  });

  it("takes the longest row that a report can have", async () => {
    // Not to be compressed: an index of PostgreSQL takes entries of some 2,700 bytes.
    const name = (length: number) => randomBytes(length).toString("hex").slice(0, length);
    const trustDomain = name(255);
    const wide = Array.from({ length: 256 }, () => String.fromCharCode(0x4e00 + Math.floor(Math.random() * 0x5000)));
    const longest = {
      ...row,
      method: wide.join(""),
      caller: `spiffe://${trustDomain}/${name(255)}`,
      actors: Array.from({ length: maximumActors }, () => name(255)).join(" "),
      denial: "ACTOR_CHAIN_TOO_LONG",
    };
    const spiffeId = `spiffe://${trustDomain}/${name(255)}`;
    await store.transaction(async ({ usage, usageDays }) => {
      await usageDays.add(spiffeId, await usage.add(spiffeId, [longest]));
    });
    assert.equal((await store.usage.page({ after: undefined, limit: 9 }, everything)).length, 1);
    assert.equal((await days()).length, 1);
  });
});
