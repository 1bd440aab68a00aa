import assert from "node:assert/strict";
import type { HeaderList } from "../header-list.js";
import { createDecoder, type DecodedBlock, type Decoder, readOnce } from "./decoder.js";
import {
  boundless,
  continuation,
  decodeAll,
  encodeHuffman,
  hex,
  isCompressionError,
  listOf,
  tableOf,
} from "./helpers.test.js";

const text = (string: string) => [string.length, ...Buffer.from(string, "latin1")];
/** A field that is added to the table. */
const added = (name: string, value: string) => Buffer.from([0x40, ...text(name), ...text(value)]);
const notAdded = (name: string, value: string) => Buffer.from([0x00, ...text(name), ...text(value)]);
const sizeUpdate = (size: number) => Buffer.from(size < 31 ? [0x20 | size] : [0x3f, ...continuation(size - 31)]);

describe("Decoder", () => {
  it("gives the names and values in their order, duplicates and all, and their size", () => {
    const block = Buffer.concat([
      hex("83 86"),
      added("a", "1"),
      notAdded("a", "1"),
      notAdded("", "\xff\x00"),
      hex("be"),
    ]);
    assert.deepEqual(decodeAll(createDecoder(), block), {
      headers: [":method", "POST", ":scheme", "http", "a", "1", "a", "1", "", "\xff\x00", "a", "1"],
      size: 7 + 4 + 7 + 4 + 2 + 2 + 2 + 2 + 6 * 32,
      neverIndexed: undefined,
      memo: undefined,
      memoOf: undefined,
      soundAs: undefined,
    });
  });

  it("takes a block without fields", () => {
    assert.deepEqual(listOf(createDecoder(), hex("")), []);
    assert.deepEqual(listOf(createDecoder(), sizeUpdate(100)), []);
  });

  it("tells which fields no hop may add to a table, and does not add them", () => {
    const decoder = createDecoder();
    const block = Buffer.concat([hex("10"), notAdded("key", "1").subarray(1), hex("1f08 01 78"), notAdded("b", "2")]);
    const { headers, neverIndexed } = decodeAll(decoder, block) as DecodedBlock;
    assert.deepEqual(headers, ["key", "1", "authorization", "x", "b", "2"]);
    assert.deepEqual(neverIndexed, new Set(["key", "authorization"]));
    assert.deepEqual(tableOf(decoder), []);
  });

  it("takes the name of an entry that its own field pushes out (RFC 7541, section 4.4)", () => {
    const decoder = createDecoder();
    listOf(decoder, sizeUpdate(64));
    listOf(decoder, added("name", "1"));
    assert.deepEqual(listOf(decoder, Buffer.from([0x7e, ...text("2345")])), ["name", "2345"]);
    assert.deepEqual(tableOf(decoder), ["name", "2345"]);
  });

  it("refuses a table smaller than the initial one", () => {
    assert.throws(() => createDecoder({ tableBytes: 4095 }), RangeError);
  });

  describe("refuses", () => {
    const malformed: Record<string, Buffer> = {
      "the index 0": hex("80"),
      "an index beyond the static table, the other one empty": hex("be"),
      "the index of a name beyond the tables, added": Buffer.from([0x7e, ...text("x")]),
      "the index of a name beyond the tables, not added": Buffer.from([0x0f, 62 - 15, ...text("x")]),
      "the index of a name beyond the tables, never indexed": Buffer.from([0x1f, 62 - 15, ...text("x")]),
      "an index one beyond the dynamic table": Buffer.concat([added("a", "1"), hex("bf")]),
      "an index far beyond the tables": hex("ff 80 ff ff ff 07"),
      "an index that is cut short": hex("ff"),
      "an index of too many octets": hex("ff 80 80 80 80 80 00"),
      "a field without its strings": hex("40"),
      "a field without its value": Buffer.from([0x40, ...text("name")]),
      "a field with an indexed name, without its value": hex("41"),
      "a name beyond the block": hex("40 05 61 62"),
      "a value beyond the block": hex("40 01 61 02 62"),
      "a Huffman string beyond the block": hex("40 01 61 8d f1 e3"),
      "a length of almost 2^31": hex("00 7f 80 ff ff ff 07 61"),
      "a length beyond 2^31": hex("00 7f ff ff ff ff 7f 61"),
      "a length that is cut short": hex("00 7f 80"),
      "a Huffman string with its end in it": Buffer.from([0x00, 0x84, ...hex("ffffffff"), ...text("x")]),
      "a Huffman string with eight bits of padding": Buffer.from([0x00, ...text("x"), 0x82, ...hex("1fff")]),
      "a Huffman string with zeros for padding": Buffer.from([0x00, ...text("x"), 0x81, 0b00011_000]),
      "a size update after a field": Buffer.concat([hex("82"), sizeUpdate(100)]),
      "a size update after a field, where it could be another field": hex("82 20 01 61 01 62"),
      "three size updates": Buffer.concat([sizeUpdate(0), sizeUpdate(100), sizeUpdate(100)]),
      "a size update beyond the settings": sizeUpdate(4097),
      "a size update that is cut short": hex("3f"),
    };
    for (const [what, block] of Object.entries(malformed)) {
      it(what, () => {
        assert.throws(() => decodeAll(createDecoder(), block), isCompressionError);
        assert.throws(() => decodeAll(boundless(), block), isCompressionError);
        // In a list that is dropped just the same.
        if (what.includes("size update")) return;
        const small = createDecoder({ maximumListBytes: 1 });
        assert.throws(() => decodeAll(small, Buffer.concat([hex("82"), block])), isCompressionError);
      });
    }
  });

  describe("with size updates", () => {
    it("empties the table and fills it again", () => {
      const decoder = createDecoder();
      listOf(decoder, added("a", "1"));
      assert.deepEqual(listOf(decoder, Buffer.concat([sizeUpdate(0), added("b", "2")])), ["b", "2"]);
      assert.deepEqual(tableOf(decoder), []);
      listOf(decoder, Buffer.concat([sizeUpdate(4096), added("c", "3")]));
      assert.deepEqual(tableOf(decoder), ["c", "3"]);
    });

    it("takes the smallest and the last size in one block", () => {
      const decoder = createDecoder();
      listOf(decoder, Buffer.concat([added("a", "1"), added("b", "2")]));
      listOf(decoder, Buffer.concat([sizeUpdate(34), sizeUpdate(4096), added("c", "3")]));
      assert.deepEqual(tableOf(decoder), ["c", "3", "b", "2"]);
    });

    it("lets the table grow as far as the settings allow", () => {
      const decoder = createDecoder({ tableBytes: 10_000 });
      const value = "x".repeat(100);
      const fill = () => {
        for (let i = 0; i < 100; i++) listOf(decoder, added(`${i % 10}`, value));
        return tableOf(decoder).length / 2;
      };
      assert.equal(fill(), Math.floor(4096 / 133));
      listOf(decoder, sizeUpdate(10_000));
      assert.equal(fill(), Math.floor(10_000 / 133));
      assert.throws(() => listOf(decoder, sizeUpdate(10_001)), isCompressionError);
    });
  });

  describe("with a list that is too large", () => {
    const tail = Buffer.concat([added("b", "2"), hex("be"), Buffer.from([0x7f, 0x00, ...text("3")])]);
    const tooLarge: Record<string, [Decoder, Buffer]> = {
      "in bytes": [createDecoder({ maximumListBytes: 150 }), added("a", "x".repeat(99))],
      "in fields": [createDecoder({ maximumFields: 3 }), Buffer.concat([added("a", "x".repeat(99)), hex("82 82 82")])],
      "in bytes, by the default": [
        createDecoder(),
        Buffer.concat([added("a", "x".repeat(99)), Buffer.alloc(125, 0xbe)]),
      ],
      "in fields, by the default": [
        createDecoder(),
        Buffer.concat([added("a", "x".repeat(99)), Buffer.alloc(128, 0x82)]),
      ],
    };
    for (const [what, [decoder, block]] of Object.entries(tooLarge)) {
      it(`says so, and keeps the table in step: ${what}`, () => {
        assert.equal(decodeAll(decoder, Buffer.concat([block, tail])), "too-large");
        assert.deepEqual(tableOf(decoder), ["a", "3", "b", "2", "a", "x".repeat(99)]);
      });
    }

    it("gives the lists at the bounds", () => {
      assert.equal(listOf(createDecoder(), Buffer.alloc(128, 0x82)).length, 256);
      assert.equal(decodeAll(createDecoder(), Buffer.alloc(129, 0x82)), "too-large");
      const at = (maximumListBytes: number) => decodeAll(createDecoder({ maximumListBytes }), hex("82 82"));
      assert.equal(at(2 * 42 - 1), "too-large");
      assert.notEqual(at(2 * 42), "too-large");
    });

    it("does not keep what it drops", () => {
      // Each octet stands for a field of 4 KiB: 4 GiB in all, which would not fit.
      const decoder = createDecoder();
      const field = Buffer.concat([
        hex("40 01 61 7f"),
        Buffer.from(continuation(4000 - 127)),
        Buffer.alloc(4000, 0x78),
      ]);
      listOf(decoder, field);
      const bomb = Buffer.alloc(1 << 20, 0xbe);
      assert.equal(decodeAll(decoder, bomb), "too-large");
      assert.deepEqual(listOf(decoder, hex("be")), ["a", "x".repeat(4000)]);
    });
  });

  it("reads long Huffman strings", () => {
    const value = "0".repeat(16_000);
    const bytes = encodeHuffman(Buffer.from(value));
    const block = Buffer.from([0x00, ...text("a"), 0xff, ...continuation(bytes.length - 127), ...bytes]);
    assert.deepEqual(listOf(createDecoder(), block), ["a", value]);
    assert.equal(decodeAll(createDecoder({ maximumListBytes: 16_000 }), block), "too-large");
  });

  describe("with a block that comes again", () => {
    const block = Buffer.concat([hex("82"), notAdded("a", "1")]);

    it("gives the same object", () => {
      const decoder = createDecoder();
      const first = decodeAll(decoder, block) as DecodedBlock;
      first.memo = "what it means";
      assert.equal(decodeAll(decoder, Buffer.from(block)), first);
      assert.notEqual(decodeAll(decoder, hex("82")), first);
      assert.equal(decodeAll(decoder, block), first);
      assert.notEqual(decodeAll(createDecoder(), block), first);
    });

    it("is read once by one reader, and by each of several for itself", () => {
      const decoder = createDecoder();
      let reads = 0;
      const count = (headers: HeaderList) => ({ reads: ++reads, fields: headers.length });
      const names = (headers: HeaderList) => headers.filter((_, i) => i % 2 === 0);
      const read = () => readOnce(decodeAll(decoder, block) as DecodedBlock, count);
      assert.equal(read(), read());
      assert.equal(reads, 1);
      assert.deepEqual(readOnce(decodeAll(decoder, block) as DecodedBlock, names), [":method", "a"]);
      assert.deepEqual(read(), { reads: 2, fields: 4 });
    });

    it("gives another one once the table has changed", () => {
      const changes = [added("a", "1"), sizeUpdate(4096), Buffer.concat([added("b", "2"), Buffer.alloc(200, 0x82)])];
      for (const change of changes) {
        const decoder = createDecoder();
        const first = decodeAll(decoder, block);
        decodeAll(decoder, change);
        assert.notEqual(decodeAll(decoder, block), first);
        assert.deepEqual(decodeAll(decoder, block), first);
      }
    });

    it("means what the table says now", () => {
      const decoder = createDecoder();
      listOf(decoder, added("a", "1"));
      assert.deepEqual(listOf(decoder, hex("be")), ["a", "1"]);
      listOf(decoder, added("b", "2"));
      assert.deepEqual(listOf(decoder, hex("be")), ["b", "2"]);
    });

    it("adds its fields to the table each time", () => {
      const decoder = createDecoder();
      for (let i = 1; i <= 3; i++) {
        listOf(decoder, added("a", "1"));
        assert.equal(tableOf(decoder).length, i * 2);
      }
    });

    it("is too large again", () => {
      const decoder = createDecoder({ maximumFields: 1 });
      for (let i = 0; i < 2; i++) assert.equal(decodeAll(decoder, hex("82 82")), "too-large");
    });

    it("is not remembered when it is long", () => {
      const decoder = createDecoder();
      const long = Buffer.concat([hex("00"), Buffer.from(text("a")), hex("7f"), Buffer.from(continuation(1100 - 127))]);
      const whole = Buffer.concat([long, Buffer.alloc(1100, 0x78)]);
      assert.notEqual(decodeAll(decoder, whole), decodeAll(decoder, whole));
    });

    it("is forgotten when there were many others", () => {
      const decoder = createDecoder();
      const first = decodeAll(decoder, block);
      for (let i = 0; i < 64; i++) decodeAll(decoder, notAdded("x", `${i}`));
      assert.notEqual(decodeAll(decoder, block), first);
    });
  });
});
