import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { maximumInstances } from "./endpoints.js";
import { openStore } from "./open-store.js";
import type { PageKey, PageRequest } from "./page.js";
import type { Store } from "./store.js";
import { maximumUsageRows } from "./usage.js";

describeOnEach("store", (create) => {
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

  const bot = { name: "gripper/1", joinedAt: 1_790_000_000_000, certificateSerial: "4f", certificateExpiresAt: 2 };

  it("has what it had when it is opened again", async () => {
    await store.bots.joined(bot);
    await store.close();
    store = await place.open();
    assert.deepEqual(await store.bots.list(), [{ ...bot, retiredAt: null }]);
  });

  it("undoes a transaction that throws", async () => {
    const work = store.transaction(async (records) => {
      await records.bots.joined(bot);
      throw new Error("no");
    });
    await assert.rejects(work, /no/);
    assert.deepEqual(await store.bots.list(), []);
  });

  it("lets one of many use a join token", async () => {
    await store.joinTokens.add({ secretHash: "h", id: "1", name: "a", createdAt: 1, expiresAt: 10, uses: 1 });
    assert.equal(await store.joinTokens.use("h", 10), false, "it has run out");
    const uses = await Promise.all(Array.from({ length: 20 }, () => store.joinTokens.use("h", 5)));
    assert.equal(uses.filter(Boolean).length, 1);
    assert.equal((await store.joinTokens.find("h"))?.usedAt, 5);
  });

  it("gives a join token's uses to as many as there are, and forgets what ran out", async () => {
    const token = { name: "worker/*", createdAt: 1, uses: 3 };
    await store.joinTokens.add({ ...token, secretHash: "h", id: "1", expiresAt: 10 });
    await store.joinTokens.add({ ...token, secretHash: "i", id: "2", expiresAt: 11 });
    const uses = await Promise.all(Array.from({ length: 20 }, () => store.joinTokens.use("h", 5)));
    assert.equal(uses.filter(Boolean).length, 3);
    await store.joinTokens.prune(11);
    assert.deepEqual(
      (await store.joinTokens.page({ after: undefined, limit: 9 })).map(({ id, used }) => [id, used]),
      [["2", 0]],
    );
    assert.deepEqual([await store.joinTokens.delete("2"), await store.joinTokens.delete("2")], [true, false]);
  });

  it("lets more wait for the store than it has connections", async () => {
    let running = 0;
    const alone = async () => {
      assert.equal(++running, 1, "one at a time");
      await store.bots.list();
      await store.transaction(({ bots }) => bots.list());
      running--;
    };
    await Promise.all(Array.from({ length: 30 }, () => store.exclusively(alone)));
  });

  it("counts the trust version up, from 1", async () => {
    assert.equal((await store.fleet.create("cafe", 1)).trustVersion, 1);
    assert.equal(await store.fleet.nextTrustVersion(), 2);
    assert.equal((await store.fleet.get())?.trustVersion, 2);
  });

  it("finds endpoints, the latest first, and none of a revoked bot", async () => {
    const at = (address: string) => [{ service: "a.B", address }];
    await store.endpoints.replace("spiffe://cafe/a", at("a:1"), 1);
    await store.endpoints.replace("spiffe://cafe/b", [...at("b:1"), ...at("b:1")], 2);
    await store.endpoints.replace("spiffe://cafe/a", at("a:2"), 3);
    const revocation = { revokedAt: 1, reason: "", trustVersion: 2 };
    await store.revocations.add({ kind: "identity", subject: "spiffe://cafe/b", ...revocation });
    assert.deepEqual(
      (await store.endpoints.find("a.B", { after: undefined, limit: 9 })).map((e) => e.address),
      ["a:2"],
    );
    assert.deepEqual(await store.endpoints.services(), ["a.B"]);
  });

  it("keeps the endpoints of each process of a bot apart, and drops those of processes that are gone", async () => {
    const spiffeId = "spiffe://cafe/a";
    const report = (instance: string, addresses: string[], now: number, goneBefore = 0) => {
      const endpoints = addresses.map((address) => ({ service: "a.B", address }));
      return store.transaction((records) =>
        records.endpoints.report({ spiffeId, instance, endpoints, now, goneBefore }),
      );
    };
    const found = async () =>
      (await store.endpoints.find("a.B", { after: undefined, limit: 99 })).map((e) => e.address);
    await report("one", ["a:1"], 1);
    await report("two", ["a:2", "a:2", "a:3"], 2);
    assert.deepEqual(await found(), ["a:3", "a:2", "a:1"]);
    assert.equal(await report("two", [], 3), true);
    assert.deepEqual(await found(), ["a:1"]);
    assert.equal(await report("one", [], 4), false);

    await report("one", ["a:1"], 5);
    await report("restarted", ["a:1"], 6);
    await report("one", [], 7);
    assert.deepEqual(await found(), ["a:1"], "an address belongs to the process that reported it last");
    await report("two", ["a:2"], 100, 50);
    assert.deepEqual(await found(), ["a:2"]);

    for (let i = 0; i < 20; i++) await report(`many-${i}`, [`m:${i}`], 200 + i);
    assert.equal((await found()).length, maximumInstances);
    assert.equal((await found())[0], "m:19");
  });

  it("lists everything page by page, in its order, each once", async () => {
    const rows = Array.from({ length: 25 }, (_, i) => i);
    for (const i of rows) {
      const row = { method: `a.B/C${i}`, caller: "", denial: "", count: 1, lastAt: i >> 2 };
      await store.usage.add("spiffe://cafe/b", [row]);
      await store.bots.joined({ name: `b/${i}`, joinedAt: 1, certificateSerial: `${i}`, certificateExpiresAt: 1 });
      await store.joinTokens.add({
        secretHash: `${i}`,
        id: `${i}`,
        name: "a",
        createdAt: i >> 2,
        expiresAt: 9,
        uses: 1,
      });
      await store.grantVersions.add({ version: i + 1, yaml: "", appliedAt: 1, appliedBy: "me" });
      const revocation = { kind: "token", subject: `${i}`, revokedAt: 1, reason: "", trustVersion: i } as const;
      await store.revocations.add(revocation);
    }
    async function walk<Row>(page: (request: PageRequest) => Promise<Row[]>, keyOf: (row: Row) => PageKey) {
      const seen: PageKey[] = [];
      for (;;) {
        const found = await page({ after: seen.at(-1), limit: 4 });
        if (found.length === 0) return seen;
        seen.push(...found.map(keyOf));
      }
    }
    const walks = [
      await walk(store.usage.page, (u) => [u.lastAt, u.spiffeId, u.method, u.caller, u.denial]),
      await walk(store.bots.page, ({ name }) => [name]),
      await walk(store.joinTokens.page, ({ createdAt, id }) => [createdAt, id]),
      await walk(store.grantVersions.page, ({ version }) => [version]),
      await walk(store.revocations.page, ({ trustVersion }) => [trustVersion]),
    ];
    for (const keys of walks) assert.equal(new Set(keys.map((key) => JSON.stringify(key))).size, 25);
    assert.ok(walks.every((keys) => keys.length === 25));
  });

  it("adds usage up, and keeps the latest time", async () => {
    const row = { method: "a.B/C", caller: "spiffe://cafe/a", denial: "", count: 2, lastAt: 20 };
    await store.usage.add("spiffe://cafe/b", [row]);
    await store.usage.add("spiffe://cafe/b", [{ ...row, lastAt: 10 }]);
    assert.deepEqual(await store.usage.page({ after: undefined, limit: 10 }), [
      { ...row, spiffeId: "spiffe://cafe/b", count: 4 },
    ]);
  });

  it("bounds the usage of one bot", async () => {
    const rows = (from: number, n: number) =>
      Array.from({ length: n }, (_, i) => ({ method: `m${from + i}`, caller: "c", denial: "", count: 1, lastAt: 1 }));
    await store.transaction(({ usage }) => usage.add("b", rows(0, maximumUsageRows)));
    await store.usage.add("b", rows(maximumUsageRows, 3));
    const listed = await store.usage.page({ after: undefined, limit: maximumUsageRows * 2 });
    assert.equal(listed.length, maximumUsageRows + 1);
    assert.equal(listed.find((row) => row.method === "…")?.count, 3);
  });
});

describe("the files of a store on SQLite", () => {
  it("are their owner's", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-store-"));
    const store = await openStore(folder);
    await store.fleet.create("cafe", 1);
    for (const file of ["authority.db", "authority.db-wal"]) {
      assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file);
    }
    await store.close();
    await rm(folder, { recursive: true });
  });
});
