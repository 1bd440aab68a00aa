import assert from "node:assert/strict";
import { prune } from "./prune.js";
import { revoke as revokeSubject } from "./revocations/revoke.js";
import type { Store } from "./store/store.js";
import { dayOf } from "./store/usage-days.js";
import { describeOnEach, type TestStore } from "./testing/test-store.js";
import { openTrustHub } from "./trust-hub/trust-hub.js";

const day = 24 * 3_600_000;
const now = 1_000 * day;

describeOnEach("prune", (create) => {
  let place: TestStore;
  let store: Store;
  beforeEach(async () => {
    place = await create();
    store = await place.open();
    await store.fleet.create("cafe", 0);
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const pruneNow = (retentionMs = 400 * day) =>
    store.transaction((records) =>
      prune(records, { now, renewAfterExpiryMs: 30 * day, retentionMs, trustDomain: "cafe", actor: "me" }),
    );
  const revoke = (kind: "token" | "identity", subject: string, revokedAt: number) =>
    store.transaction(async ({ revocations, fleet }) => {
      await revocations.add({ kind, subject, revokedAt, reason: "", trustVersion: await fleet.nextTrustVersion() });
    });

  it("forgets bots that are long gone, with all that is theirs, and no others", async () => {
    const bots = { gone: now - 401 * day, late: now - 399 * day, here: now + day, retired: now - 500 * day };
    for (const [name, certificateExpiresAt] of Object.entries(bots)) {
      await store.bots.joined({ name, joinedAt: 0, certificateSerial: name, certificateExpiresAt });
      const generations = { firstGeneration: 1, lastGeneration: 1, seenGeneration: 0, seenSerial: "", adopts: 0 };
      await store.certificates.saveLineage({ name, ...generations });
      await store.endpoints.replace(`spiffe://cafe/${name}`, [{ service: "a.B", address: `${name}:1` }], 0);
    }
    await store.bots.retired("retired", now - day);
    await pruneNow();
    assert.deepEqual(
      (await store.bots.list()).map(({ name }) => name),
      ["here", "late", "retired"],
    );
    assert.equal(await store.certificates.lineage("gone"), undefined);
    assert.ok(await store.certificates.lineage("here"));
    assert.deepEqual(
      (await store.endpoints.find("a.B", { after: undefined, limit: 9 })).map(({ address }) => address).sort(),
      ["here:1", "late:1", "retired:1"],
    );
  });

  it("forgets delegations and approvals a day after they expire, and the revocation of a delegation not before its end", async () => {
    const delegation = (id: string, expiresAt: number) => ({
      ...{
        id,
        subject: "a",
        giver: "a",
        holder: "b",
        lineage: id,
        actors: "b",
        allowed: "[]",
        createdAt: 0,
        expiresAt,
      },
    });
    const approval = (id: string, expiresAt: number) => ({
      ...{
        id,
        requester: "b",
        subject: "a",
        delegation: "",
        method: "a.B/C",
        request: "",
        requestSha256: "",
        expiresAt,
      },
      ...{ createdAt: 0, decision: "" as const, decidedBy: "", usedAt: null },
    });
    for (const [id, expiresAt] of [
      ["gone", now - day - 1],
      ["expired", now - 1],
      ["here", now + 3 * day],
    ] as const) {
      await store.delegations.add(delegation(id, expiresAt));
      await store.approvals.add(approval(id, expiresAt));
    }
    const hub = { refresh: async () => {} };
    await revokeSubject({ store, hub }, { kind: "token", subject: "here" }, "", now - 3 * day, "x");
    await pruneNow();
    for (const records of [store.delegations, store.approvals]) {
      assert.equal(await records.find("gone"), undefined);
      assert.ok(await records.find("expired"));
      assert.ok(await records.find("here"));
    }
    assert.ok(await store.revocations.find("token", "here"), "three days old, and still in force");
  });

  it("keeps a bot that may still come back, however short the retention is", async () => {
    const bots = { gone: now - 32 * day, away: now - 29 * day };
    for (const [name, certificateExpiresAt] of Object.entries(bots))
      await store.bots.joined({ name, joinedAt: 0, certificateSerial: name, certificateExpiresAt });
    const options = { now, renewAfterExpiryMs: 30 * day, retentionMs: day, trustDomain: "cafe", actor: "me" };
    await store.transaction((records) => prune(records, options));
    assert.deepEqual(
      (await store.bots.list()).map(({ name }) => name),
      ["away"],
    );
  });

  it("keeps an expired certificate for as long as its bot can come back with it, and no other one", async () => {
    const lineage = {
      name: "a",
      firstGeneration: 2,
      lastGeneration: 5,
      seenGeneration: 4,
      seenSerial: "4a",
      adopts: 0,
    };
    await store.certificates.saveLineage(lineage);
    const ages = { a: 2 * day, b: 30.5 * day, c: 31.5 * day };
    const generations = { "1a": 1, "2a": 2, "3a": 3, "4a": 4, "4b": 4, "5b": 5, "5c": 5 };
    for (const [serial, generation] of Object.entries(generations)) {
      const expiresAt = now - ages[serial.slice(1) as keyof typeof ages];
      await store.certificates.add({ serial, name: "a", generation, issuedAt: 0, expiresAt, root: "" });
    }
    await store.certificates.add({ serial: "ff", name: "nobody", generation: 1, issuedAt: 0, expiresAt: 0, root: "" });
    await pruneNow();
    const left = [];
    for (const serial of [...Object.keys(generations), "ff"])
      if (await store.certificates.find(serial)) left.push(serial);
    // That of the last join, the one in use, and one whose answer was lost.
    assert.deepEqual(left, ["2a", "4a", "5b"]);
  });

  it("forgets grants that were replaced long ago, never those in force, and usage of long ago", async () => {
    for (const version of [1, 2, 3]) {
      await store.grantVersions.add({ version, yaml: "grants: {}", appliedAt: version * day, appliedBy: "me" });
    }
    const row = { caller: "", actors: "", denial: "", count: 1 };
    await store.usage.add("b", [
      { ...row, method: "old", firstAt: 0, lastAt: now - 401 * day },
      { ...row, method: "new", firstAt: 0, lastAt: now - 399 * day },
    ]);
    await pruneNow();
    assert.deepEqual(
      (await store.grantVersions.page({ after: undefined, limit: 9 })).map(({ version }) => version),
      [3],
    );
    assert.deepEqual(
      (await store.usage.page({ after: undefined, limit: 9 }, { since: 0, denied: false })).map(({ method }) => method),
      ["new"],
    );
  });

  it("forgets usage by day and daily audits after the retention, and the records of servers after 400 days at the least", async () => {
    const at = (age: number) => now - age * day;
    await store.usageDays.add("b", [
      { method: "old", caller: "", actors: "", denial: "", count: 1, firstAt: 0, lastAt: at(401) },
      { method: "new", caller: "", actors: "", denial: "", count: 1, firstAt: 0, lastAt: at(400) },
    ]);
    for (const age of [401, 400]) {
      const [claimed, result] = [at(age), { findings: "[]", leftOut: 0, counts: "{}", notJudged: "[]" }];
      await store.auditRuns.claim(dayOf(claimed), claimed, 0);
      await store.auditRuns.finish(dayOf(claimed), claimed, { ...result, at: claimed });
    }
    await store.serverRecords.seen("b", ["a.Old"], at(401));
    await store.serverRecords.seen("b", ["a.New"], at(399));
    await pruneNow();
    const first = { after: undefined, limit: 9 };
    const left = async () => [
      ...(await store.usageDays.page(first, { since: "", until: "", denied: false })).map(({ method }) => method),
      ...(await store.serverRecords.page(first)).map(({ service }) => service),
      ...(await store.auditRuns.page(first, 0)).map((run) => run.at),
    ];
    assert.deepEqual(await left(), ["new", "a.New", at(400)]);
    await pruneNow(day);
    assert.deepEqual(await left(), ["a.New"]);
  });

  it("unrevokes tokens that cannot be valid, tells every bot, and later forgets them", async () => {
    await revoke("token", "old", now - 2 * day);
    await revoke("token", "new", now - day);
    await revoke("identity", "spiffe://cafe/lost", 0);
    const basis = { trustDomain: "cafe", issuer: "i", caCertificates: [Uint8Array.of(1)], staleAfterMs: 60_000 };
    const hub = await openTrustHub(store, basis, { now: () => now });
    const subjects = () => hub.trust.state.revocations.map(({ subject }) => subject);
    const { version } = hub.trust.state;
    await pruneNow();
    await hub.refresh();
    assert.deepEqual(subjects(), ["new", "spiffe://cafe/lost"]);
    const stop = new AbortController();
    const first = async (from: bigint) => (await hub.watch(from, stop.signal, "spiffe://cafe/x").next()).value;
    assert.deepEqual(
      (await first(version))?.unrevoked.map(({ subject }) => subject),
      ["old"],
    );

    await store.transaction((records) =>
      prune(records, {
        now: now + 500 * day,
        retentionMs: 400 * day,
        renewAfterExpiryMs: 30 * day,
        trustDomain: "cafe",
        actor: "me",
      }),
    );
    await hub.refresh();
    assert.equal((await first(version))?.appliesTo, 0n, "a bot that has missed it gets everything");
    assert.notEqual((await first(hub.trust.state.version))?.appliesTo, 0n);
    assert.deepEqual(
      (await store.revocations.list()).map(({ subject }) => subject),
      ["spiffe://cafe/lost"],
    );
    hub.close();
  });

  it("forgets join tokens, certificates and audit records after their time", async () => {
    const token = { name: "a", createdAt: 0, uses: 1 };
    await store.joinTokens.add({ ...token, secretHash: "old", id: "1", expiresAt: now - day - 1 });
    await store.joinTokens.add({ ...token, secretHash: "new", id: "2", expiresAt: now - day });
    for (const [serial, expiresAt] of [
      ["old", now - day - 1],
      ["new", now - day],
    ] as const) {
      await store.certificates.add({ serial, name: "a", generation: 1, issuedAt: 0, expiresAt, root: "" });
    }
    for (const at of [now - 401 * day, now - 399 * day]) {
      await store.auditLog.append({ at, kind: "revoke", actor: "me", subject: "x", details: {} });
    }
    await pruneNow();
    assert.deepEqual(
      (await store.joinTokens.page({ after: undefined, limit: 9 })).map(({ id }) => id),
      ["2"],
    );
    assert.deepEqual(
      [await store.certificates.find("old"), (await store.certificates.find("new"))?.serial],
      [undefined, "new"],
    );
    assert.deepEqual(
      (await store.auditLog.list(0, 9)).map(({ kind }) => kind),
      ["revoke", "prune"],
    );
  });
});
