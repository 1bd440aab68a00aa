import assert from "node:assert/strict";
import { canonicalJson } from "./canonical-json.js";

describe("canonicalJson", () => {
  it("orders keys by their UTF-16 units at any depth, and keeps lists (RFC 8785, section 3.2.3)", () => {
    const value = {
      "€": 1,
      "\r": 2,
      \ufb33: 3,
      "1": 4,
      "😀": 5,
      "\u0080": 6,
      ö: { b: [3, 1, { d: null, c: true }], a: "x" },
    };
    assert.equal(
      canonicalJson(value),
      '{"\\r":2,"1":4,"\u0080":6,"ö":{"a":"x","b":[3,1,{"c":true,"d":null}]},"€":1,"😀":5,"\ufb33":3}',
    );
  });

  it("writes numbers and texts as RFC 8785 does", () => {
    assert.equal(canonicalJson([1e21, 1e-7, -0, 4.5, '\u000f"\\/€']), '[1e+21,1e-7,0,4.5,"\\u000f\\"\\\\/€"]');
  });
});
