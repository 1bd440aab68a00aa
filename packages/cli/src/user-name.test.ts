import assert from "node:assert/strict";
import { isBotName, isTrustDomain } from "@interlock/policy";
import { fleetName, segment, userName } from "./user-name.js";

describe("userName", () => {
  it("is a segment of a bot's name, whatever the user is called", () => {
    for (const text of ["alice", "Alice", "ALICE SMITH", "DOMAIN\\alice", "älice", "a.b", "a/b"]) {
      assert.ok(isBotName(`operator/${segment(text)}`), text);
      assert.equal(segment(text), segment(text).toLowerCase());
    }
    assert.deepEqual([segment("."), segment(".."), segment("")], ["", "", ""]);
    assert.ok(isBotName(`operator/${userName()}`));
  });
});

describe("fleetName", () => {
  it("is a trust domain, whatever the folder is called", () => {
    for (const folder of [
      "/",
      "/.",
      "/...",
      "/.fleet",
      "/home/Cafe Bar",
      "/工場",
      "/10.0.0.1",
      `/${"n".repeat(255)}`,
    ]) {
      assert.ok(isTrustDomain(fleetName(folder)), folder);
    }
    assert.deepEqual(["/", "/...", "/.fleet", "/srv/Cafe"].map(fleetName), ["fleet", "fleet", "fleet", "cafe"]);
  });
});
