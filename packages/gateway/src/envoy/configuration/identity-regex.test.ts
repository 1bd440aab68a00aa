import assert from "node:assert/strict";
import { matchesIdentity } from "@interlock/policy";
import { identitiesRegex, identityRegex } from "./identity-regex.js";

const patterns = ["gripper/1", "gripper/*", "*/1", "robot/**", "**", "a.b/c-d", "*", "*/*/arm"];
const names = [
  "gripper/1",
  "gripper/1/arm",
  "gripper",
  "robot",
  "robot/1",
  "robot/1/arm",
  "a.b/c-d",
  "axb/c-d",
  "x/y/arm",
];

describe("identityRegex", () => {
  it("matches the names that the pattern matches, and no others", () => {
    for (const pattern of patterns) {
      const regex = new RegExp(`^(?:${identityRegex("cafe.example", pattern)})$`);
      for (const name of names) {
        const uri = `spiffe://cafe.example/${name}`;
        assert.equal(regex.test(uri), matchesIdentity(pattern, name), `${pattern}, ${name}`);
      }
    }
  });

  it("matches no other trust domain", () => {
    const regex = new RegExp(`^(?:${identitiesRegex("cafe.example", ["a/*", "b/*"])})$`);
    assert.ok(regex.test("spiffe://cafe.example/b/1"));
    for (const uri of ["spiffe://cafexexample/b/1", "spiffe://other/b/1", "x-spiffe://cafe.example/a/1"])
      assert.ok(!regex.test(uri), uri);
  });
});
