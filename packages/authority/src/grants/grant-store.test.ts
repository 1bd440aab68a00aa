import assert from "node:assert/strict";
import { grantedScopes } from "@interlock/policy/grants";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { openGrantStore } from "./grant-store.js";

describeOnEach("grant store", (create) => {
  let place: TestStore;
  let store: Store;
  beforeEach(async () => {
    place = await create();
    store = await place.open();
    await store.fleet.create("cafe", 1);
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const yaml = (scope: string) => `grants: {"a/*": {a.B: ["${scope}"]}}`;

  it("applies whole files, keeps versions, and has them again", async () => {
    const grants = await openGrantStore(store);
    assert.deepEqual(grants.file(), { yaml: "", version: 0 });

    const added = { identity: "a/*", service: "a.B", scope: "x:y", added: true };
    assert.deepEqual(grants.preview(yaml("x:y")), { changes: [added], version: 0 });
    assert.equal(grantedScopes(grants.current(), "a/1", "a.B").size, 0, "a preview changes nothing");

    assert.deepEqual(await grants.apply(yaml("x:y"), "spiffe://cafe/operator/a", 1), { changes: [added], version: 1 });
    assert.deepEqual(await grants.apply(yaml("x:y"), "spiffe://cafe/operator/a", 2), { changes: [], version: 1 });
    await assert.rejects(grants.apply("grants:", "spiffe://cafe/operator/a", 3), {
      reason: "GRANTS_INVALID",
      code: "INVALID_ARGUMENT",
    });
    assert.deepEqual([...grantedScopes(grants.current(), "a/1", "a.B")], ["x:y"]);

    const again = await openGrantStore(store);
    assert.deepEqual(again.file(), { yaml: yaml("x:y"), version: 1 });
    assert.deepEqual(again.current(), grants.current());
  });

  it("applies conditions that can be used, and says which cannot, by line", async () => {
    const grants = await openGrantStore(store);
    const file = (where: string) =>
      `grants:\n  a/*:\n    a.B:\n      - x:z\n      - { scope: x:y, where: "${where}" }\n`;
    const fault = {
      reason: "GRANTS_INVALID",
      message: /line 5: the condition cannot be used: all, exists, filter and map are not taken/,
    };
    assert.throws(() => grants.preview(file("tags.all(t, t == 'a')")), fault);
    await assert.rejects(grants.apply(file("tags.all(t, t == 'a')"), "spiffe://cafe/operator/a", 1), fault);
    const { changes } = await grants.apply(file("newtons <= 5"), "spiffe://cafe/operator/a", 1);
    assert.deepEqual(
      changes.map(({ scope, where }) => [scope, where]),
      [
        ["x:z", undefined],
        ["x:y", "newtons <= 5"],
      ],
    );
    const narrower = grants.preview(file("newtons <= 4")).changes;
    assert.deepEqual(
      narrower.map(({ added, where }) => [added, where]),
      [
        [false, "newtons <= 5"],
        [true, "newtons <= 4"],
      ],
    );
    assert.deepEqual([...grantedScopes(grants.current(), "a/1", "a.B")], ["x:z"]);
  });

  it("leaves the latest of several at once in force", async () => {
    const grants = await openGrantStore(store);
    const files = ["a:a", "b:b", "c:c"].map(yaml);
    const applied = await Promise.all(files.map((file) => grants.apply(file, "x", 1)));
    assert.deepEqual(applied.map((a) => a.version).sort(), [1, 2, 3]);
    assert.equal(grants.file().yaml, files[applied.findIndex((a) => a.version === 3)]);
  });

  it("does not replace another version than the one that a file was made from", async () => {
    const grants = await openGrantStore(store);
    await grants.apply(yaml("a:a"), "x", 1, undefined, 0);
    const files = ["b:b", "c:c"].map(yaml);
    const applied = await Promise.allSettled(files.map((file) => grants.apply(file, "x", 2, undefined, 1)));
    assert.deepEqual(applied.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    await assert.rejects(grants.apply(yaml("d:d"), "x", 3, undefined, 1), { code: "ABORTED" });
    assert.equal(grants.file().version, 2);
  });

  it("always lets operators run the fleet", async () => {
    const grants = await openGrantStore(store);
    await grants.apply("grants: {}", "x", 1);
    const admin = "interlock.authority.v1.AdminService";
    const scopes = [...grantedScopes(grants.current(), "operator/alice", admin)].sort();
    assert.deepEqual(scopes, [
      "approvals:decide",
      "audit:read",
      "bots:enroll",
      "bots:read",
      "bots:retire",
      "bots:revoke",
      "ca:read",
      "ca:rotate",
      "delegations:read",
      "federation:read",
      "federation:write",
      "fleet:read",
      "grants:read",
      "grants:write",
      "keys:read",
      "keys:rotate",
      "log:read",
      "methods:read",
      "methods:retire",
      "retirements:write",
      "usage:read",
    ]);
    assert.equal(grantedScopes(grants.current(), "coffee/1", admin).size, 0);
  });
});
