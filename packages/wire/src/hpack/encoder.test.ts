import assert from "node:assert/strict";
import type { HeaderList } from "../header-list.js";
import { createDecoder, type DecodedBlock } from "./decoder.js";
import { createEncoder, type Encoder, maximumEncodedBytes } from "./encoder.js";
import { boundless, decodeAll, encodeAll, hex, listOf, tableOf } from "./helpers.test.js";

const encode = (encoder: Encoder, ...headers: string[]) => encodeAll(encoder, headers);

describe("Encoder", () => {
  it("adds a field to the table, and refers to it from then on", () => {
    const encoder = createEncoder();
    assert.deepEqual(encode(encoder, "a", "1"), hex("40 01 61 01 31"));
    assert.deepEqual(encode(encoder, "a", "1"), hex("be"));
    assert.deepEqual(encode(encoder, "a", "2"), hex("7e 01 32"));
    assert.deepEqual(encode(encoder, "a", "1", "a", "2"), hex("bf be"));
  });

  it("prefers the static table, for fields and for names", () => {
    const encoder = createEncoder();
    assert.deepEqual(encode(encoder, ":method", "POST", "te", "trailers").subarray(0, 2), hex("83 40"));
    assert.deepEqual(encode(encoder, ":path", "/a"), hex("44 02 2f 61"));
    assert.deepEqual(encode(encoder, ":path", "/b"), hex("44 02 2f 62"));
  });

  it("never indexes what is sensitive, not even a name for it", () => {
    const encoder = createEncoder();
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(encode(encoder, "authorization", "x"), hex("1f 08 01 78"));
      assert.deepEqual(encode(encoder, "authorization", ""), hex("1f 08 00"));
      assert.deepEqual(encode(encoder, "cookie", "x"), hex("1f 11 01 78"));
      assert.deepEqual(encode(encoder, "proxy-authorization", "x"), hex("1f 22 01 78"));
      assert.deepEqual(encode(encoder, "set-cookie", "x"), hex("1f 28 01 78"));
    }
  });

  it("never indexes what must not be, though the field be in the table", () => {
    const encoder = createEncoder();
    const decoder = createDecoder();
    const headers = ["a", "1", "b", "2"];
    listOf(decoder, encodeAll(encoder, headers));
    const out = Buffer.alloc(100);
    const block = out.subarray(0, encoder.encode(headers, out, 0, false, new Set(["a"])));
    assert.deepEqual(block, hex("1f 30 01 31 be"));
    const decoded = decodeAll(decoder, block) as DecodedBlock;
    assert.deepEqual(decoded.headers, headers);
    assert.deepEqual(decoded.neverIndexed, new Set(["a"]));
  });

  it("adds one field with a name whose values do not repeat, for the name", () => {
    const encoder = createEncoder();
    const decoder = createDecoder();
    for (const [value, block] of [
      ["1", "40 0c 67 72 70 63 2d 74 69 6d 65 6f 75 74 01 31"],
      ["2", "0f 2f 01 32"],
      ["1", "be"],
      ["3", "0f 2f 01 33"],
    ] as const) {
      const bytes = encode(encoder, "grpc-timeout", value);
      assert.deepEqual(bytes, hex(block));
      assert.deepEqual(listOf(decoder, bytes), ["grpc-timeout", value]);
    }
    assert.deepEqual(encode(encoder, "content-length", "5"), hex("0f 0d 01 35"));
    assert.deepEqual(tableOf(decoder), ["grpc-timeout", "1"]);
  });

  for (const name of [
    ...["content-length", "date", "grpc-message", "grpc-status-details-bin", "grpc-tags-bin", "grpc-timeout"],
    ...["grpc-trace-bin", "traceparent", "tracestate", "x-request-id"],
  ]) {
    it(`adds no second value of ${name}`, () => {
      const encoder = createEncoder();
      const decoder = createDecoder();
      for (const value of ["1", "2", "3"]) {
        assert.deepEqual(listOf(decoder, encode(encoder, name, value)), [name, value]);
      }
      assert.ok(tableOf(decoder).length <= 2);
    });
  }

  it("writes a character as one octet, whatever it is", () => {
    assert.deepEqual(encode(createEncoder(), "a", "\xe9\x00\xff"), hex("40 01 61 03 e9 00 ff"));
  });

  it("leaves room in the table: no field is larger than a quarter, nor are the values of a name together", () => {
    const encoder = createEncoder();
    const decoder = createDecoder();
    listOf(decoder, encode(encoder, "keep", "me"));
    for (let i = 0; i < 1_000; i++) listOf(decoder, encode(encoder, "id", `${i}`.padStart(30, "0")));
    listOf(decoder, encode(encoder, "large", "x".repeat(1024 - 32 - 5 + 1)));
    assert.equal(tableOf(decoder).length / 2, 1 + 16);
    listOf(decoder, encode(encoder, "large", "x".repeat(1024 - 32 - 5)));
    assert.equal(tableOf(decoder).length / 2, 1 + 16 + 1);
    assert.deepEqual(tableOf(decoder).slice(-2), ["keep", "me"]);
  });

  it("adds values of a name again once the table has dropped others", () => {
    const encoder = createEncoder();
    const isAdded = (name: string, value: string) => ((encode(encoder, name, value)[0] as number) & 0xc0) === 0x40;
    const fill = () => {
      let added = 0;
      for (let i = 0; i < 100; i++) if (isAdded("id", `${i}`.padStart(30, "0"))) added++;
      return added;
    };
    assert.equal(fill(), 16);
    assert.equal(fill(), 0);
    // 56 entries of 64 bytes push out 8 of the 16. These push out the others when they come again.
    for (let i = 0; i < 56; i++) assert.ok(isAdded(`name-${i}`.padEnd(31, "-"), "x"));
    assert.equal(fill(), 16);
  });

  it("forgets what the table drops", () => {
    const encoder = createEncoder();
    const decoder = createDecoder();
    const check = (name: string, value: string) =>
      assert.deepEqual(listOf(decoder, encode(encoder, name, value)), [name, value]);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 300; i++) {
        check(`name-${i % 7}-${round}`, `value-${i % 150}`);
        check("again", `${i % 40}`);
      }
    }
  });

  describe("with another table size of the peer", () => {
    it("starts the next block with it, and only that one", () => {
      const encoder = createEncoder();
      encode(encoder, "a", "1");
      encoder.setTableSize(100);
      assert.deepEqual(encode(encoder, ":method", "GET"), hex("3f 45 82"));
      assert.deepEqual(encode(encoder, ":method", "GET"), hex("82"));
      encoder.setTableSize(100);
      assert.deepEqual(encode(encoder, ":method", "GET"), hex("82"));
    });

    it("says the smallest and the last one (RFC 7541, section 4.2)", () => {
      const encoder = createEncoder();
      for (const size of [1000, 30, 200, 100]) encoder.setTableSize(size);
      assert.deepEqual(encode(encoder, ":method", "GET"), hex("3e 3f 45 82"));
      for (const size of [0, 100]) encoder.setTableSize(size);
      assert.deepEqual(encode(encoder, ":method", "GET"), hex("20 3f 45 82"));
      for (const size of [150, 120]) encoder.setTableSize(size);
      assert.deepEqual(encode(encoder, ":method", "GET"), hex("3f 59 82"));
    });

    it("adds nothing at 0, and starts anew after it", () => {
      const encoder = createEncoder();
      const decoder = createDecoder();
      listOf(decoder, encode(encoder, "a", "1"));
      encoder.setTableSize(0);
      for (let i = 0; i < 2; i++) assert.deepEqual(listOf(decoder, encode(encoder, "a", "1")), ["a", "1"]);
      assert.deepEqual(tableOf(decoder), []);
      encoder.setTableSize(4096);
      for (let i = 0; i < 2; i++) assert.deepEqual(listOf(decoder, encode(encoder, "a", "1")), ["a", "1"]);
      assert.deepEqual(tableOf(decoder), ["a", "1"]);
    });

    it("does not go beyond 4096, and does not say so", () => {
      const encoder = createEncoder();
      encoder.setTableSize(65_536);
      assert.deepEqual(encode(encoder, ":method", "GET"), hex("82"));
      encoder.setTableSize(1000);
      encoder.setTableSize(2 ** 32 - 1);
      assert.deepEqual(encode(encoder, ":method", "GET"), hex("3f c9 07 3f e1 1f 82"));
    });
  });

  describe("with a recurring list", () => {
    const list: HeaderList = [":method", "POST", "a", "1", "grpc-timeout", "5S", "authorization", "Bearer x"];

    it("gives the same bytes as without", () => {
      const encoder = createEncoder();
      const other = createEncoder();
      for (let i = 0; i < 5; i++) assert.deepEqual(encodeAll(encoder, list, true), encodeAll(other, list));
      for (const each of [encoder, other]) encode(each, "b", "2");
      for (let i = 0; i < 5; i++) assert.deepEqual(encodeAll(encoder, list, true), encodeAll(other, list));
      for (const each of [encoder, other]) each.setTableSize(64);
      for (let i = 0; i < 5; i++) assert.deepEqual(encodeAll(encoder, list, true), encodeAll(other, list));
    });

    it("remembers the bytes of this very object, as long as there are not many others", () => {
      const encoder = createEncoder();
      const changing = ["a", "1"];
      const out = Buffer.alloc(100);
      for (let i = 0; i < 2; i++) encoder.encode(changing, out, 0, true);
      out.fill(0);
      changing[1] = "a value of which it does not take notice";
      assert.deepEqual(encodeAll(encoder, changing, true), hex("be"));
      for (let i = 0; i < 64; i++) encodeAll(encoder, ["a", "1"], true);
      assert.notDeepEqual(encodeAll(encoder, changing, true), hex("be"));
    });

    it("remembers several lists, wherever in the output they were written", () => {
      const encoder = createEncoder();
      encode(encoder, "a", "1");
      const lists = Array.from({ length: 64 }, () => ["a", "1"]);
      const out = Buffer.alloc(3_000);
      for (const list of lists) assert.equal(encoder.encode(list, out, 2_000, true), 2_001);
      for (const list of lists) list[1] = "a value of which it does not take notice";
      for (const list of lists) assert.deepEqual(encodeAll(encoder, list, true), hex("be"));
    });

    it("takes notice of what has changed in a list that is not said to recur", () => {
      const encoder = createEncoder();
      const list = ["a", "1"];
      const out = Buffer.alloc(100);
      for (let i = 0; i < 2; i++) encoder.encode(list, out, 0);
      for (let i = 0; i < 2; i++) encoder.encode(list, out, 0, true);
      list[1] = "2";
      assert.deepEqual(out.subarray(0, encoder.encode(list, out, 0)), hex("7e 01 32"));
    });

    it("gives all of its fields a place in the table after 512 uses, also where it is full of others with their names", () => {
      const encoder = createEncoder();
      const decoder = createDecoder();
      for (let i = 0; i < 40; i++) {
        const list = [":method", "POST", "a", "1", "traceparent", `${i}`.padStart(55, "0"), "authorization", "x"];
        let bytes: Buffer = Buffer.alloc(0);
        for (let uses = 0; uses < 515; uses++) {
          bytes = encodeAll(encoder, list, true);
          if (uses === 0 || uses > 510) assert.deepEqual(listOf(decoder, bytes), list);
          if (i > 0 && uses === 510) assert.ok(bytes.length > 60, "nobody knew that it comes again");
        }
        assert.equal(bytes.length, 1 + 1 + 1 + hex("1f 08 01 78").length);
      }
    });

    it("does not remember a long one", () => {
      const encoder = createEncoder();
      const long = ["a", "x".repeat(1100)];
      encodeAll(encoder, long, true);
      const first = encodeAll(encoder, long, true);
      long[1] = "y".repeat(1100);
      assert.notDeepEqual(encodeAll(encoder, long, true), first);
    });
  });

  it("needs no more room than it asks for", () => {
    const encoder = createEncoder();
    const decoder = boundless();
    for (const size of [0, 4096]) encoder.setTableSize(size);
    // The helper gives just that room.
    const long = Array.from({ length: 40 }, (_, i) => `${i}`.padStart(200, "n"));
    for (const list of [[], ["", ""], ["n".repeat(200), "v".repeat(20_000)], long]) {
      assert.deepEqual(listOf(decoder, encodeAll(encoder, list)), list);
    }
    assert.ok(maximumEncodedBytes(["a", "b"]) < 30);
  });
});
