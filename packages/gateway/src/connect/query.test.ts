import assert from "node:assert/strict";
import { readQuery } from "./query.js";

describe("the query of a GET", () => {
  it("has a message as text, or as base64 of either alphabet", () => {
    assert.equal(readQuery("message=%7B%22a%22%3A1%7D&encoding=json").message?.toString(), '{"a":1}');
    for (const text of ["-_8", "-_8%3D", "%2B%2F8%3D"]) {
      assert.equal(readQuery(`base64=1&message=${text}`).message?.toString("hex"), "fbff");
    }
    assert.equal(readQuery("base64=2&message=-_8").message?.toString(), "-_8");
  });

  it("says what it does not have", () => {
    assert.deepEqual(readQuery("x=1"), {
      codec: undefined,
      encoding: "identity",
      version: undefined,
      message: undefined,
    });
    assert.equal(readQuery("base64=1&message=%25").message, undefined);
  });
});
