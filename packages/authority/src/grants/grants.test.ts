import assert from "node:assert/strict";
import type { Store } from "../store/store.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { diffGrants } from "./diff-grants.js";
import { openGrantStore } from "./grant-store.js";
import { type Grants, grantedScopes } from "./grants.js";

const service = "cafe.v1.GripperService";
const grants: Grants = [
  { identity: "coffee/*", service, scope: "gripper:observe" },
  { identity: "coffee/1", service, scope: "gripper:actuate" },
  { identity: "coffee/1", service: "cafe.v1.Other", scope: "other:use" },
];

describe("grantedScopes", () => {
  it("joins what every matching pattern gives at that service", () => {
    assert.deepEqual([...grantedScopes(grants, "coffee/1", service)], ["gripper:observe", "gripper:actuate"]);
    assert.deepEqual([...grantedScopes(grants, "coffee/2", service)], ["gripper:observe"]);
    assert.deepEqual([...grantedScopes(grants, "tea/1", service)], []);
    assert.deepEqual([...grantedScopes(grants, "coffee/1", "cafe.v1")], []);
  });
});

describe("diffGrants", () => {
  it("says what is lost, then what is gained", () => {
    const gained = { identity: "tea/*", service, scope: "gripper:observe" } as const;
    const changes = diffGrants(grants, [...grants.slice(1), gained]);
    assert.deepEqual(changes, [
      { ...grants[0], added: false },
      { ...gained, added: true },
    ]);
    assert.deepEqual(diffGrants(grants, [...grants].reverse()), []);
  });
});

describeOnEach("grant book", (create) => {
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
    const book = await openGrantStore(store);
    assert.deepEqual(book.file(), { yaml: "", version: 0 });

    const added = { identity: "a/*", service: "a.B", scope: "x:y", added: true };
    assert.deepEqual(book.preview(yaml("x:y")), { changes: [added], version: 0 });
    assert.equal(grantedScopes(book.current(), "a/1", "a.B").size, 0, "a preview changes nothing");

    assert.deepEqual(await book.apply(yaml("x:y"), "spiffe://cafe/operator/a", 1), { changes: [added], version: 1 });
    assert.deepEqual(await book.apply(yaml("x:y"), "spiffe://cafe/operator/a", 2), { changes: [], version: 1 });
    await assert.rejects(book.apply("grants:", "spiffe://cafe/operator/a", 3), /GRANTS|grants/);
    assert.deepEqual([...grantedScopes(book.current(), "a/1", "a.B")], ["x:y"]);

    const again = await openGrantStore(store);
    assert.deepEqual(again.file(), { yaml: yaml("x:y"), version: 1 });
    assert.deepEqual(again.current(), book.current());
  });

  it("leaves the latest of several at once in force", async () => {
    const book = await openGrantStore(store);
    const files = ["a:a", "b:b", "c:c"].map(yaml);
    const applied = await Promise.all(files.map((file) => book.apply(file, "x", 1)));
    assert.deepEqual(applied.map((a) => a.version).sort(), [1, 2, 3]);
    assert.equal(book.file().yaml, files[applied.findIndex((a) => a.version === 3)]);
  });

  it("always lets operators run the fleet", async () => {
    const book = await openGrantStore(store);
    await book.apply("grants: {}", "x", 1);
    const admin = "interlock.authority.v1.AdminService";
    const scopes = [...grantedScopes(book.current(), "operator/alice", admin)].sort();
    assert.deepEqual(scopes, [
      "bots:enroll",
      "bots:read",
      "bots:retire",
      "bots:revoke",
      "ca:read",
      "ca:rotate",
      "fleet:read",
      "grants:read",
      "grants:write",
      "keys:read",
      "keys:rotate",
      "log:read",
      "usage:read",
    ]);
    assert.equal(grantedScopes(book.current(), "coffee/1", admin).size, 0);
  });
});
