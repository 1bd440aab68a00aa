import assert from "node:assert/strict";
import { isScope } from "./scope.js";

describe("scopes", () => {
  for (const scope of [`a:${"b".repeat(126)}`, "gripper:actuate", "a:b", "bots.v1:read-all", "a_b:c_d", "a1:b2"]) {
    it(`${scope} is one`, () => assert.ok(isScope(scope)));
  }
  for (const text of [
    "",
    ":",
    "a",
    "a:",
    ":b",
    "a:b:c",
    "A:b",
    "a:B",
    "a: b",
    "a:b ",
    "1a:b",
    "a:*",
    "*:b",
    "a:b\n",
    `a:${"b".repeat(127)}`,
  ]) {
    it(`${JSON.stringify(text.slice(0, 20))} is none`, () => assert.ok(!isScope(text)));
  }
});
