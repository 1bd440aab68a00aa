import assert from "node:assert/strict";
import { remember } from "./remember.js";

describe("remembering certificates", () => {
  let made: string[];
  const make = (der: Uint8Array) => {
    const text = Buffer.from(der).toString("hex");
    made.push(text);
    if (text === "ff") throw new Error("malformed");
    return { text };
  };
  beforeEach(() => {
    made = [];
  });

  it("makes one of each, by its bytes", () => {
    const known = remember(make);
    assert.equal(known(Buffer.from("aa", "hex")), known(Buffer.from("00aa11", "hex").subarray(1, 2)));
    assert.equal(known(Buffer.from("ab", "hex")).text, "ab");
    assert.deepEqual(made, ["aa", "ab"]);
  });

  it("remembers no failure, and no more than the last 64", () => {
    const known = remember(make);
    for (let i = 0; i < 2; i++) assert.throws(() => known(Buffer.of(0xff)));
    assert.deepEqual(made.splice(0), ["ff", "ff"]);
    for (let i = 0; i < 65; i++) known(Buffer.of(i));
    made.splice(0);
    known(Buffer.of(1)); // Used again, so it stays the longer.
    assert.deepEqual(made, []);
    known(Buffer.of(0));
    known(Buffer.of(1));
    known(Buffer.of(2));
    assert.deepEqual(made, ["00", "02"]);
  });
});
