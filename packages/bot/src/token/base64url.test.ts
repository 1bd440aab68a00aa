import assert from "node:assert/strict";
import { readBase64url } from "./base64url.js";

describe("base64url", () => {
  it("is read in its canonical form", () => {
    assert.deepEqual(readBase64url("AQAB"), Buffer.of(1, 0, 1));
    assert.deepEqual(readBase64url("-_8"), Buffer.of(0xfb, 0xff));
    assert.deepEqual(readBase64url("AA"), Buffer.of(0));
  });

  for (const text of [
    "",
    "A",
    "AB",
    "AA==",
    "AA=",
    "AQ AB",
    " AQAB",
    "AQAB\n",
    "+/8",
    "AQAB.",
    "\u00c0QAB",
    7,
    null,
    undefined,
  ]) {
    it(`is not read as ${JSON.stringify(text)}`, () => assert.equal(readBase64url(text), undefined));
  }
});
