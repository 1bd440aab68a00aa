import assert from "node:assert/strict";
import { bitsOf, type DerElement, isTrue, listOf, oidOf, readDer, readSequence } from "./der.js";
import { writeDer, writeOid } from "./write-der.js";

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
    it(`is: ${what}`, () => void readDer(bytes));
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
    it(`is not: ${what}`, () => assert.throws(() => readDer(bytes), /ASN\.1/));
  }

  it("has its content after tag and length", () => {
    assert.deepEqual([...readDer(hex("04 02 01 02")).content], [1, 2]);
    assert.equal(readDer(filled("04 82 01 00", 256)).content.length, 256);
  });

  it("has its children where it is constructed, and only there", () => {
    const { tag, children } = readDer(hex("30 07 02 01 05 04 02 05 00"));
    assert.deepEqual([tag, ...children.map((child) => [child.tag, [...child.content]])], [0x30, [2, [5]], [4, [5, 0]]]);
    assert.deepEqual(children[1]?.children, []);
    assert.equal(listOf(readDer(hex("30 04 05 00 05 00"))).length, 2);
    assert.throws(() => listOf(readDer(hex("31 00"))), /of tag 49 where one of tag 48 belongs/);
    assert.throws(() => listOf(undefined), /missing where one of tag 48 belongs/);
  });

  it("a sequence is read field by field, to its end", () => {
    const read = (text: string) =>
      readSequence(readDer(hex(text)), ({ next, optional }) => [
        ...next(0x02).content,
        ...(optional(0x01)?.content ?? [0]),
        ...next(0x04).content,
      ]);
    assert.deepEqual(read("30 06 02 01 07 04 01 09"), [7, 0, 9]);
    assert.deepEqual(read("30 09 02 01 07 01 01 ff 04 01 09"), [7, 255, 9]);
    assert.throws(() => read("30 03 02 01 07"), /missing where one of tag 4 belongs/);
    assert.throws(() => read("30 06 04 01 09 02 01 07"), /of tag 4 where one of tag 2 belongs/);
    assert.throws(() => read("30 08 02 01 07 04 01 09 05 00"), /field that does not belong/);
  });

  it("a boolean that is not there is false", () => {
    const read = (text: string) => isTrue(readDer(hex(text)));
    assert.deepEqual(
      [isTrue(undefined), read("01 01 00"), read("01 01 01"), read("01 01 ff")],
      [false, false, true, true],
    );
    for (const bad of ["01 00", "01 02 00 00"]) assert.throws(() => read(bad), /not of one byte/);
    assert.throws(() => read("02 01 01"), /of tag 2/);
  });

  it("bits that do not count are 0", () => {
    const read = (text: string) => [...bitsOf(readDer(hex(text)))];
    assert.deepEqual([read("03 01 00"), read("03 02 00 ff"), read("03 03 07 01 80")], [[], [0xff], [1, 0x80]]);
    for (const bad of ["03 00", "03 01 01", "03 01 08", "03 02 08 00", "03 02 01 01", "03 02 07 40", "03 02 03 84"]) {
      assert.throws(() => read(bad), /unused bits/, bad);
    }
    assert.throws(() => read("04 01 00"), /of tag 4/);
  });

  const read = (content: Uint8Array): string => oidOf({ tag: 6, content, children: [] } satisfies DerElement);
  const uuid = 2n ** 128n - 1n;

  for (const [dotted, content] of [
    ["0.0", "00"],
    ["0.39", "27"],
    ["1.0", "28"],
    ["1.39", "4f"],
    ["2.0", "50"],
    ["2.5.29.17", "55 1d 11"],
    ["2.47", "7f"],
    ["2.48", "81 00"],
    ["2.999.3", "88 37 03"],
    ["1.2.840.113549", "2a 86 48 86 f7 0d"],
    ["1.2.127.128.16383.16384", "2a 7f 81 00 ff 7f 81 80 00"],
    [`2.25.${uuid}`, `69 83 ${"ff ".repeat(17)} 7f`],
  ] as const) {
    it(`names ${dotted}`, () => {
      assert.equal(read(hex(content)), dotted);
      assert.deepEqual(writeOid(dotted).subarray(2), hex(content));
    });
  }

  for (const [what, content] of [
    ["empty", hex("")],
    ["cut short", hex("2a 86")],
    ["a number with a zero before it", hex("2a 80 01")],
    ["a number with a zero at the very beginning", hex("80 2a")],
    ["256 bytes", Buffer.alloc(256, 1)],
  ] as const) {
    it(`names nothing: ${what}`, () => assert.throws(() => read(content), /object identifier/));
  }

  it("names something in 255 bytes", () => assert.equal(read(Buffer.alloc(255, 1)).split(".").length, 256));

  it("is written with its length in the fewest bytes", () => {
    for (const length of [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000]) {
      const { tag, content } = readDer(writeDer(0x04, Buffer.alloc(length, 7)));
      assert.deepEqual([tag, content.length], [0x04, length]);
    }
    assert.deepEqual(writeDer(0x30, hex("05 00"), hex("02 01 05")), hex("30 05 05 00 02 01 05"));
  });
});
