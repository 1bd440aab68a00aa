import assert from "node:assert/strict";
import { checkDer, contentOf } from "./der.js";

describe("DER", () => {
  const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
  const filled = (head: string, length: number) => Buffer.concat([hex(head), Buffer.alloc(length)]);
  const nested = (depth: number): Buffer => {
    let inner = Buffer.of(0x05, 0);
    for (let i = 0; i < depth; i++) inner = Buffer.concat([Buffer.of(0x30, inner.length), inner]);
    return inner;
  };

  for (const [what, bytes] of [
    ["nothing in it", hex("30 00")],
    ["two elements in it", hex("30 05 02 01 05 05 00")],
    ["127 bytes", filled("04 7f", 127)],
    ["128 bytes", filled("04 81 80", 128)],
    ["255 bytes", filled("04 81 ff", 255)],
    ["256 bytes", filled("04 82 01 00", 256)],
    ["65,535 bytes", filled("04 82 ff ff", 65_535)],
    ["65,536 bytes", filled("04 83 01 00 00", 65_536)],
    ["what would be no DER in a string of bytes", hex("04 02 30 80")],
    ["24 layers", nested(24)],
  ] as const) {
    it(`is: ${what}`, () => checkDer(bytes));
  }

  for (const [what, bytes] of [
    ["no bytes", hex("")],
    ["a tag alone", hex("30")],
    ["an element that is cut short", hex("04 02 00")],
    ["a length that is cut short", hex("04 82 01")],
    ["a length that is nothing but its first byte", hex("04 81")],
    ["a byte after the end", hex("30 00 00")],
    ["an inner element longer than the outer", hex("30 02 04 01 00")],
    ["127 bytes, with two bytes of length", filled("04 81 7f", 127)],
    ["255 bytes, with three bytes of length", filled("04 82 00 ff", 255)],
    ["65,535 bytes, with four bytes of length", filled("04 83 00 ff ff", 65_535)],
    ["a length of four bytes", filled("04 84 01 00 00 00", 16_777_216)],
    ["no said length", hex("30 80 05 00 00 00")],
    ["a long tag", hex("1f 81 01 00")],
    ["a long tag of one byte", hex("1f 01 00")],
    ["an inner element that goes on past the outer", hex("30 02 04 01")],
    ["no said length, with 128 bytes after it", filled("04 80", 128)],
    ["25 layers", nested(25)],
  ] as const) {
    it(`is not: ${what}`, () => assert.throws(() => checkDer(bytes), /ASN\.1/));
  }

  it("has its content after tag and length", () => {
    assert.deepEqual([...contentOf(hex("04 02 01 02"))], [1, 2]);
    assert.equal(contentOf(filled("04 82 01 00", 256)).length, 256);
  });
});
