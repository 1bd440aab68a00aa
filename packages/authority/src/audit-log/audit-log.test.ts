import assert from "node:assert/strict";
import { createChainVerifier } from "@interlock/policy/audit-log";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { createAuditQueue } from "./audit-queue.js";
import { createDenialLog, denialRate } from "./denial-log.js";

describeOnEach("audit log", (create) => {
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

  const entry = (at: number) => ({ at, kind: "revoke", actor: "a", subject: "b", details: { at } }) as const;
  const append = (...ats: number[]) => store.transaction(({ auditLog }) => auditLog.append(...ats.map(entry)));
  const faults = async () => {
    const { auditLog } = store;
    const verifier = createChainVerifier(await auditLog.ends());
    for (const record of await auditLog.list(0, 10_000)) verifier.add(record);
    return verifier.finish();
  };
  const numbers = async () => (await store.auditLog.list(0, 10_000)).map(({ seq }) => seq);

  it("chains what is recorded, at once, one after the other, and after a restart", async () => {
    await append(1, 2, 3);
    await Promise.all([append(4), append(5, 6)]);
    await store.close();
    store = await place.open();
    await append(7);
    assert.deepEqual(await numbers(), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(await faults(), []);
    assert.equal((await store.auditLog.ends()).head.seq, 7);
    assert.deepEqual(
      (await store.auditLog.list(5, 1)).map(({ seq }) => seq),
      [6],
    );
  });

  it("has no record of what was undone", async () => {
    const undone = store.transaction(async ({ auditLog }) => {
      await auditLog.append(entry(1));
      throw new Error("no");
    });
    await assert.rejects(undone, /no/);
    await append(2);
    assert.deepEqual(await faults(), []);
    assert.deepEqual(await numbers(), [1]);
  });

  it("can be verified after it has been pruned, which is on record", async () => {
    await append(10, 20, 30, 40);
    const { hash } = (await store.auditLog.list(1, 1))[0] ?? {};
    const prune = (before: number) => store.transaction(({ auditLog }) => auditLog.prune(before, 100, "me"));
    await prune(10);
    assert.deepEqual(await numbers(), [1, 2, 3, 4], "there was nothing to prune");
    await prune(25);
    assert.deepEqual(await numbers(), [3, 4, 5]);
    const [, , record] = await store.auditLog.list(0, 10);
    assert.deepEqual([record?.kind, JSON.parse(record?.details ?? "")], ["prune", { upTo: 2, hash }]);
    assert.deepEqual(await faults(), []);
    await prune(1_000);
    assert.deepEqual(await numbers(), [6]);
    assert.deepEqual(await faults(), []);
  });

  it("writes many entries together, and tells each when it is on the disk", async () => {
    const queue = createAuditQueue(store);
    await Promise.all(Array.from({ length: 300 }, (_, i) => queue.append(entry(i))));
    assert.equal((await numbers()).length, 300);
    assert.deepEqual(await faults(), []);
    await store.close();
    await assert.rejects(queue.append(entry(1)));
    await assert.rejects(queue.append(entry(1)), "the next one as well");
    store = await place.open();
  });

  it("sums up what was refused, the most frequent first, and no more than can be read", () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({ method: `m${i}`, caller: "", denial: "D", count: i + 1 }));
    const log = createDenialLog();
    const [batch] = log.entries("me", [{ method: "ok", caller: "", denial: "", count: 9 }, ...rows], 5);
    assert.ok(batch);
    const { total, kinds, listed } = batch.details as { total: number; kinds: number; listed: { method: string }[] };
    assert.deepEqual([total, kinds, listed.length, listed[0]?.method], [1_830, 60, 39, "m59"]);
    assert.ok(JSON.stringify(batch.details).length < 2_200);
    assert.deepEqual(log.entries("me", rows.slice(0, 0), 5), []);
  });

  it("has few entries of one reporter, says what it left out, and leaves out nothing of others", () => {
    const log = createDenialLog();
    const rows = [{ method: "m", caller: "", denial: "D", count: 7 }];
    const entries = Array.from({ length: 100 }, () => log.entries("flood", rows, 0)).flat();
    assert.equal(entries.length, denialRate.burst);
    assert.equal(log.entries("honest", rows, 0).length, 1);
    const [later] = log.entries("flood", rows, 60_000);
    assert.equal(later?.details.earlier, 88 * 7);
    assert.equal(log.entries("flood", rows, 119_000).length, 0);
  });
});
