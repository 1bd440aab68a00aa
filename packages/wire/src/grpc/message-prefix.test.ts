import assert from "node:assert/strict";
import { longestMessage, prefixLength, writePrefix } from "./message-prefix.js";

describe("a message's prefix", () => {
  for (const [length, compressed, bytes] of [
    [0, false, "0000000000"],
    [1, true, "0100000001"],
    [0x0102_0304, false, "0001020304"],
    [longestMessage, true, "01ffffffff"],
  ] as const) {
    it(`is ${bytes} (PROTOCOL-HTTP2, "Length-Prefixed-Message")`, () => {
      const target = Buffer.alloc(9, 0xaa);
      assert.equal(writePrefix(target, 2, length, compressed), 2 + prefixLength);
      assert.equal(target.toString("hex"), `aaaa${bytes}aaaa`);
    });
  }

  it("announces no more than four bytes can say", () => {
    assert.throws(() => writePrefix(Buffer.alloc(5), 0, longestMessage + 1, false), RangeError);
  });
});
