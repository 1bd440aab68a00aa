import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeBinary, encodeBinary } from "./binary-metadata.js";

const hexOf = (value: string) => decodeBinary(value)?.map((bytes) => bytes.toString("hex"));

describe('metadata of bytes (PROTOCOL-HTTP2, "Binary-Header")', () => {
  // RFC 4648, sections 4 and 10.
  for (const [bytes, padded] of [
    ["", ""],
    ["66", "Zg=="],
    ["666f", "Zm8="],
    ["666f6f", "Zm9v"],
    ["666f6f62", "Zm9vYg=="],
    ["fbefff", "++//"],
    ["00", "AA=="],
  ] as const) {
    it(`${padded || "nothing"} is read with padding and without, and is written without`, () => {
      const unpadded = padded.replaceAll("=", "");
      assert.equal(encodeBinary(Buffer.from(bytes, "hex")), unpadded);
      assert.deepEqual([hexOf(padded), hexOf(unpadded)], [[bytes], [bytes]]);
    });
  }

  for (const [value, expected] of [
    ["Zg,Zm8", ["66", "666f"]],
    ["Zg==,Zm8=,Zm9v", ["66", "666f", "666f6f"]],
    ["Zg, Zm8", ["66", "666f"]],
    [" Zg ,\tZm8 ", ["66", "666f"]],
    [",", ["", ""]],
    ["Zg,,Zg", ["66", "", "66"]],
  ] as const) {
    it(`${JSON.stringify(value)} is several values`, () => assert.deepEqual(hexOf(value), expected));
  }

  for (const [what, value] of [
    ["one padding where two belong", "Zg="],
    ["padding where none belongs", "Zm9v="],
    ["three paddings", "Zg==="],
    ["padding alone", "="],
    ["two values without a comma", "Zg==Zg=="],
    ["a length that cannot be", "Zm9vY"],
    ["one character", "A"],
    ["unused bits (RFC 4648, section 3.5)", "Zh"],
    ["unused bits, padded", "Zm9="],
    ["the alphabet for URLs (RFC 4648, section 5)", "--__"],
    ["a space", "Zm 9v"],
    ["a line end", "Zm9v\n Zm9v"],
    ["a character that is not base64", "Zm9*"],
    ["a byte that is not ASCII", "Zm9v\xff"],
    ["one bad value among good ones", "Zg,A,Zg"],
  ] as const) {
    it(`is malformed with ${what}`, () => assert.equal(decodeBinary(value), undefined));
  }

  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array(), { minLength: 1, maxLength: 5 }), (values) => {
        const value = values.map(encodeBinary).join(",");
        assert.match(value, /^[A-Za-z0-9+/,]*$/);
        assert.deepEqual(
          decodeBinary(value),
          values.map((bytes) => Buffer.from(bytes)),
        );
      }),
    );
  });

  it("can be anything", () => {
    const character = fc.oneof(
      fc.constantFrom(..."AQgw+/=,- "),
      fc.nat(0xff).map((code) => String.fromCharCode(code)),
    );
    fc.assert(
      fc.property(fc.string({ unit: character }), (value) => {
        const again = decodeBinary(value)?.map(encodeBinary).join(",");
        if (again !== undefined) assert.equal(again, value.replace(/[=\s]/g, ""));
      }),
      { numRuns: 1_000 },
    );
  });
});
