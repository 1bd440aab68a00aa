import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import type { LogSelection } from "./audit-log.js";
import { maximumInstances } from "./endpoints.js";
import { maximumKnownInstances } from "./instances.js";
import { openStore } from "./open-store.js";
import type { PageKey, PageRequest } from "./page.js";
import type { Store } from "./store.js";
import { maximumUsageRows, type UsageSelection } from "./usage.js";

const all: UsageSelection = { since: 0, denied: false };

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
    assert.equal(await store.joinTokens.use("h", 10), false, "it has expired");
    const uses = await Promise.all(Array.from({ length: 20 }, () => store.joinTokens.use("h", 5)));
    assert.equal(uses.filter(Boolean).length, 1);
    assert.equal((await store.joinTokens.find("h"))?.usedAt, 5);
  });

  it("gives out as many uses as a join token has, and forgets expired ones", async () => {
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

  it("finds servers: of bots that match, are not revoked and have a recent report, each bot's latest first", async () => {
    const report = (name: string, addresses: string[], now: number, service = "a.B") => {
      const endpoints = addresses.map((address) => ({ service, address }));
      const at = { spiffeId: `spiffe://cafe/${name}`, instance: name.replace("/", "-"), endpoints, now, goneBefore: 0 };
      return store.transaction((records) => records.endpoints.report(at));
    };
    const find = async (patterns: string[], more: { since?: number; limit?: number } = {}) => {
      const search = { trustDomain: "cafe", patterns, since: 0, perBot: 2, limit: 9, ...more };
      return (await store.endpoints.findServers("a.B", search)).map(({ address }) => address);
    };
    await report("arm/1", ["a:1", "a:2", "a:3"], 5);
    await report("arm/2", ["b:1"], 4);
    await report("arm/3", ["c:1"], 9);
    await report("leg/1", ["d:1"], 8);
    await report("arm/4", ["e:1"], 7, "a.C");
    const revocation = { revokedAt: 1, reason: "", trustVersion: 2 };
    await store.revocations.add({ kind: "identity", subject: "spiffe://cafe/arm/3", ...revocation });
    assert.deepEqual(await find(["arm/*"]), ["a:3", "b:1", "a:2"]);
    assert.deepEqual(await find(["arm/*"], { limit: 2 }), ["a:3", "b:1"]);
    assert.deepEqual(await find(["arm/*"], { since: 5 }), ["a:3", "a:2"]);
    assert.deepEqual(await find(["*/1"]), ["d:1", "a:3", "a:2"]);
    assert.deepEqual(await find(["arm/2", "leg/**"]), ["d:1", "b:1"]);
    assert.deepEqual(await find(["arm"]), []);
  });

  it("lists everything page by page, in its order, each once", async () => {
    const rows = Array.from({ length: 25 }, (_, i) => i);
    for (const i of rows) {
      const row = { method: `a.B/C${i}`, caller: "", actors: "", denial: "", count: 1, firstAt: 0, lastAt: i >> 2 };
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
      await walk(
        (request) => store.usage.page(request, all),
        (u) => [u.spiffeId, u.method, u.caller, u.actors, u.denial],
      ),
      await walk(store.bots.page, ({ name }) => [name]),
      await walk(store.joinTokens.page, ({ createdAt, id }) => [createdAt, id]),
      await walk(store.grantVersions.page, ({ version }) => [version]),
      await walk(store.revocations.page, ({ trustVersion }) => [trustVersion]),
    ];
    for (const keys of walks) assert.equal(new Set(keys.map((key) => JSON.stringify(key))).size, 25);
    assert.ok(walks.every((keys) => keys.length === 25));
  });

  it("adds usage up, and keeps the first and the latest time", async () => {
    const row = {
      method: "a.B/C",
      caller: "spiffe://cafe/a",
      actors: "",
      denial: "",
      count: 2,
      firstAt: 15,
      lastAt: 20,
    };
    await store.usage.add("spiffe://cafe/b", [row]);
    await store.usage.add("spiffe://cafe/b", [{ ...row, firstAt: 10, lastAt: 10 }]);
    assert.deepEqual(await store.usage.page({ after: undefined, limit: 10 }, all), [
      { ...row, spiffeId: "spiffe://cafe/b", firstAt: 10, count: 4 },
    ]);
  });

  it("lists usage of which the latest is recent, and denials only", async () => {
    const row = { method: "a.B/C", caller: "", actors: "", denial: "", count: 1, firstAt: 1, lastAt: 1 };
    await store.usage.add("b", [
      row,
      { ...row, method: "a.B/D", lastAt: 5 },
      { ...row, denial: "NO_GRANT", lastAt: 5 },
    ]);
    const methods = async (selection: UsageSelection) =>
      (await store.usage.page({ after: undefined, limit: 10 }, selection)).map(({ method, denial }) => method + denial);
    assert.deepEqual(await methods({ since: 5, denied: false }), ["a.B/CNO_GRANT", "a.B/D"]);
    assert.deepEqual(await methods({ since: 0, denied: true }), ["a.B/CNO_GRANT"]);
  });

  it("keeps the processes of bots and the manifests that they serve, within bounds", async () => {
    const row = { version: "1", services: "[]", addresses: "[]", startedAt: 1, stoppedAt: null };
    const seen = (spiffeId: string, instance: string, manifestHash: string, seenAt: number) =>
      store.transaction(async ({ instances, manifests }) => {
        await manifests.add({ hash: manifestHash, json: "{}", reportedAt: seenAt });
        if (await instances.seen({ ...row, spiffeId, instance, manifestHash, seenAt })) await manifests.pruneUnserved();
      });
    const first = { after: undefined, limit: 99 };
    const instances = async () => (await store.instances.page(first)).map(({ instance }) => instance);
    const manifests = async () => (await store.manifests.page(first)).map(({ hash }) => hash);
    await seen("a", "1", "m1", 1);
    await seen("a", "1", "m2", 2);
    await seen("b", "1", "m3", 3);
    assert.deepEqual(
      [await instances(), await manifests()],
      [
        ["1", "1"],
        ["m2", "m3"],
      ],
    );
    const [a] = await store.instances.page({ after: undefined, limit: 1 });
    assert.deepEqual(a, { ...row, spiffeId: "a", instance: "1", manifestHash: "m2", seenAt: 2 });
    const [b] = await store.instances.page({ after: ["a", "1"], limit: 9 });
    assert.equal(b?.spiffeId, "b");
    assert.deepEqual(
      (await store.manifests.page({ after: ["m2"], limit: 9 })).map(({ hash }) => hash),
      ["m3"],
    );

    for (let i = 10; i < 40; i++) await seen("a", `${i}`, `n${i}`, i);
    assert.equal((await instances()).length, maximumKnownInstances + 1);
    assert.equal((await manifests()).length, maximumKnownInstances + 1);
    assert.ok((await instances()).includes("39"));

    await store.transaction(({ instances }) => instances.prune(3, 38, 99));
    assert.deepEqual(await instances(), ["38", "39", "1"], "the last process of a bot is kept longer");
    await store.transaction(({ instances }) => instances.prune(4, 38, 99));
    await store.instances.forget("a");
    await store.manifests.pruneUnserved();
    assert.deepEqual([await instances(), await manifests()], [[], []]);
  });

  it("looks at parts of the audit log, forth and back, by kind and time", async () => {
    const entry = (at: number, kind: "join" | "renew") => ({ at, kind, actor: "a", subject: "b", details: {} });
    const entries = Array.from({ length: 30 }, (_, i) => entry(i + 1, i % 2 === 0 ? "join" : "renew"));
    await store.transaction(({ auditLog }) => auditLog.append(...entries));
    const look = async (from: number, direction: "forth" | "back", some: Partial<LogSelection> = {}) => {
      const selection = { kinds: [], since: undefined, until: undefined, limit: 99, ...some };
      const { records, at } = await store.auditLog.look(from, direction, selection);
      return [records.map(({ seq }) => seq), at];
    };
    assert.deepEqual(await look(27, "forth"), [[28, 29, 30], 30]);
    assert.deepEqual(await look(30, "forth"), [[], 30]);
    assert.deepEqual(await look(4, "back"), [[3, 2, 1], 1]);
    assert.deepEqual(await look(0, "forth", { kinds: ["join"], limit: 2 }), [[1, 3], 3]);
    assert.deepEqual(await look(31, "back", { kinds: ["renew"], limit: 2 }), [[30, 28], 28]);
    assert.deepEqual(await look(0, "forth", { since: 5, until: 8 }), [[5, 6, 7], 30]);
    assert.deepEqual(await look(0, "forth", { kinds: ["clone"] }), [[], 30]);
  });

  it("bounds the usage of one bot", async () => {
    const rows = (from: number, n: number) =>
      Array.from({ length: n }, (_, i) => {
        return { method: `m${from + i}`, caller: "c", actors: "", denial: "", count: 1, firstAt: 1, lastAt: 1 };
      });
    await store.transaction(({ usage }) => usage.add("b", rows(0, maximumUsageRows)));
    await store.usage.add("b", rows(maximumUsageRows, 3));
    const listed = await store.usage.page({ after: undefined, limit: maximumUsageRows * 2 }, all);
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
