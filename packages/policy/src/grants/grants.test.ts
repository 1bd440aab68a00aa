import assert from "node:assert/strict";
import { diffGrants } from "./diff-grants.js";
import { type Grants, grantedScopes, narrowedScopes } from "./grants.js";

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

describe("narrowedScopes", () => {
  it("gives the condition of what is held under one only, or one of several", () => {
    const narrowed: Grants = [
      { identity: "coffee/*", service, scope: "gripper:observe", where: "a" },
      { identity: "coffee/1", service, scope: "gripper:observe", where: "b" },
      { identity: "coffee/*", service, scope: "gripper:actuate", where: "newtons <= 5" },
      { identity: "coffee/2", service, scope: "gripper:actuate" },
    ];
    assert.deepEqual(
      [...narrowedScopes(narrowed, "coffee/1", service)],
      [
        ["gripper:observe", "(a) || (b)"],
        ["gripper:actuate", "newtons <= 5"],
      ],
    );
    assert.deepEqual([...grantedScopes(narrowed, "coffee/1", service)], []);
    assert.deepEqual([...narrowedScopes(narrowed, "coffee/2", service)], [["gripper:observe", "a"]]);
    assert.deepEqual([...grantedScopes(narrowed, "coffee/2", service)], ["gripper:actuate"]);
    assert.deepEqual([...narrowedScopes(narrowed, "tea/1", service)], []);
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
