import assert from "node:assert/strict";
import { diffGrants } from "./diff-grants.js";
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
