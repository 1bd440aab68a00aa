import assert from "node:assert/strict";
import fc from "fast-check";
import { continuation, hex, isCompressionError } from "./helpers.test.js";
import { readInteger, writeInteger } from "./integer.js";

/** Reads one integer that has to fill the bytes. */
function read(bytes: Buffer, prefixBits: number): number {
  const cursor = { bytes, at: 0, end: bytes.length };
  const value = readInteger(cursor, prefixBits);
  assert.equal(cursor.at, bytes.length);
  return value;
}

function write(pattern: number, prefixBits: number, value: number): Buffer {
  const out = Buffer.alloc(8);
  return out.subarray(0, writeInteger(out, 0, pattern, prefixBits, value));
}

describe("integers of HPACK", () => {
  it("are those of RFC 7541, appendix C.1", () => {
    for (const [value, prefixBits, bytes] of [
      [10, 5, hex("0a")],
      [1337, 5, hex("1f9a0a")],
      [42, 8, hex("2a")],
    ] as const) {
      assert.equal(read(bytes, prefixBits), value);
      assert.deepEqual(write(0, prefixBits, value), bytes);
    }
  });

  it("come back, and leave the bits before them alone", () => {
    const value = fc.oneof(fc.nat(300), fc.nat(2 ** 31 - 1), fc.constantFrom(2 ** 31 - 1, 2 ** 28 + 126, 127, 128));
    fc.assert(
      fc.property(value, fc.integer({ min: 4, max: 7 }), (value, prefixBits) => {
        const pattern = (0xff << prefixBits) & 0xff;
        const bytes = write(pattern, prefixBits, value);
        assert.equal((bytes[0] as number) & pattern, pattern);
        assert.equal(read(bytes, prefixBits), value);
        assert.equal(read(write(0, prefixBits, value), prefixBits), value);
      }),
    );
  });

  it("go up to 2^31 - 1", () => {
    const largest = 2 ** 31 - 1;
    assert.deepEqual(write(0, 7, largest), hex("7f 80 ff ff ff 07"));
    assert.equal(read(hex("7f 80 ff ff ff 07"), 7), largest);
    for (const beyond of ["7f 81 ff ff ff 07", "7f ff ff ff ff 7f", "7f 80 ff ff ff 08"])
      assert.throws(() => read(hex(beyond), 7), isCompressionError, beyond);
  });

  it("may have octets that add nothing, five continuation octets at most", () => {
    assert.equal(read(hex("7f 80 00"), 7), 127);
    assert.equal(read(hex("7f 80 80 80 80 00"), 7), 127);
    assert.throws(() => read(hex("7f 80 80 80 80 80 00"), 7), isCompressionError);
    assert.throws(() => read(Buffer.from([0x7f, ...Array(1000).fill(0x80), 0]), 7), isCompressionError);
  });

  it("are refused when they are cut short", () => {
    const whole = Buffer.from([0x7f, ...continuation(2 ** 30)]);
    for (let length = 0; length < whole.length; length++)
      assert.throws(() => read(whole.subarray(0, length), 7), isCompressionError, `${length}`);
  });

  it("do not go beyond the end that was said", () => {
    assert.throws(() => readInteger({ bytes: hex("7f 00"), at: 0, end: 1 }, 7), isCompressionError);
    assert.throws(() => readInteger({ bytes: hex("05"), at: 0, end: 0 }, 7), isCompressionError);
  });
});
