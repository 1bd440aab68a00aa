import assert from "node:assert/strict";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import type { ApprovalRow, DelegationRow } from "./schema.js";
import type { Store } from "./store.js";

describeOnEach("delegations and approvals in the store", (create) => {
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

  const row = (id: string, more: Partial<DelegationRow> = {}): DelegationRow => ({
    id,
    subject: "alice/1",
    giver: "alice/1",
    holder: "agent/1",
    lineage: id,
    actors: "agent/1",
    allowed: "[]",
    createdAt: 10,
    expiresAt: 100,
    ...more,
  });
  const approval = (id: string, more: Partial<ApprovalRow> = {}): ApprovalRow => ({
    id,
    requester: "agent/1",
    subject: "alice/1",
    delegation: "",
    method: "a.B/C",
    request: "",
    requestSha256: "00",
    createdAt: 10,
    expiresAt: 100,
    decision: "",
    decidedBy: "",
    usedAt: null,
    ...more,
  });
  const page = { after: undefined, limit: 10 };
  const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

  it("lists delegations in pages, the latest first, without those that have expired", async () => {
    for (const one of [row("a"), row("b", { createdAt: 20 }), row("c", { createdAt: 20 }), row("d", { expiresAt: 50 })])
      await store.delegations.add(one);
    assert.deepEqual(ids(await store.delegations.page(page, 50)), ["c", "b", "a"]);
    assert.deepEqual(ids(await store.delegations.page({ after: [20, "c"], limit: 1 }, 50)), ["b"]);
    assert.deepEqual(ids(await store.delegations.page(page, 50, "agent/1")), ["c", "b", "a"]);
    assert.deepEqual(ids(await store.delegations.page(page, 50, "agent/2")), []);
    assert.equal(await store.delegations.countGiven("alice/1", 50), 3);
    await store.delegations.prune(60);
    assert.equal(await store.delegations.find("d"), undefined);
    assert.deepEqual(await store.delegations.find("a"), row("a"));
  });

  it("decides an approval once, and lets one of many use it", async () => {
    await store.approvals.add(approval("x"));
    assert.equal(await store.approvals.use("x", 20), false, "nobody has approved it");
    assert.equal(await store.approvals.decide("x", "approved", "bob", 100), false, "it has expired");
    assert.equal(await store.approvals.decide("x", "approved", "bob", 20), true);
    assert.equal(await store.approvals.decide("x", "denied", "eve", 20), false);
    const uses = await Promise.all(Array.from({ length: 10 }, () => store.approvals.use("x", 30)));
    assert.equal(uses.filter(Boolean).length, 1);
    await store.approvals.add(approval("y", { decision: "denied" }));
    assert.equal(await store.approvals.use("y", 20), false);
    assert.deepEqual(ids(await store.approvals.page(page, 50)), ["y", "x"]);
    assert.equal(await store.approvals.count(50), 2);
    assert.equal(await store.approvals.count(50, "agent/2"), 0);
    await store.approvals.prune(101);
    assert.equal(await store.approvals.find("x"), undefined);
  });
});
