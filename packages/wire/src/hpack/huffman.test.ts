import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeHuffman, hex, isCompressionError } from "./helpers.test.js";
import { decodeHuffman } from "./huffman.js";
import { createHuffmanCodes, endOfString, huffmanLengths } from "./huffman-codes.js";

const decode = (bytes: Buffer) => decodeHuffman(bytes, 0, bytes.length);
const octets = Array.from({ length: 256 }, (_, octet) => octet);
const huffmanCodes = createHuffmanCodes();
const bytesOf = (text: string) => Buffer.from(text, "latin1");
let copies = 0;

describe("createHuffmanCodes", () => {
  // RFC 7541, appendix B: the first and the last code of each length, as they are printed.
  const printed: readonly [number, string, number, string, number][] = [
    [5, "0", 0x30, "9", 0x74],
    [6, "14", 0x20, "2d", 0x75],
    [7, "5c", 0x3a, "7b", 0x7a],
    [8, "f8", 0x26, "fd", 0x5a],
    [10, "3f8", 0x21, "3fc", 0x3f],
    [11, "7fa", 0x27, "7fc", 0x7c],
    [12, "ffa", 0x23, "ffb", 0x3e],
    [13, "1ff8", 0x00, "1ffd", 0x7e],
    [14, "3ffc", 0x5e, "3ffd", 0x7d],
    [15, "7ffc", 0x3c, "7ffe", 0x7b],
    [19, "7fff0", 0x5c, "7fff2", 0xd0],
    [20, "fffe6", 0x80, "fffed", 0xe2],
    [21, "1fffdc", 0x99, "1fffe8", 0xe6],
    [22, "3fffd2", 0x81, "3fffeb", 0xe9],
    [23, "7fffd8", 0x01, "7ffff4", 0xef],
    [24, "ffffea", 0x09, "fffff5", 0xed],
    [25, "1ffffec", 0xc7, "1ffffef", 0xeb],
    [26, "3ffffe0", 0xc0, "3ffffee", 0xff],
    [27, "7ffffde", 0xcb, "7fffff0", 0xfe],
    [28, "fffffe2", 0x02, "ffffffe", 0xf9],
    [30, "3ffffffc", 0x0a, "3fffffff", 256],
  ];

  it("has the first and the last code of each length from RFC 7541, appendix B", () => {
    for (const [length, firstCode, first, lastCode, last] of printed) {
      const symbols = [...octets, endOfString].filter((symbol) => huffmanLengths[symbol] === length);
      assert.equal(symbols.at(0), first, `length ${length}`);
      assert.equal(symbols.at(-1), last, `length ${length}`);
      assert.equal(huffmanCodes[first]?.toString(16), firstCode);
      assert.equal(huffmanCodes[last]?.toString(16), lastCode);
    }
  });

  it("fills the tree of codes: no code is missing, and none too many", () => {
    assert.equal(huffmanLengths.length, 257);
    assert.equal(
      huffmanLengths.reduce((sum, length) => sum + 2 ** -length, 0),
      1,
    );
    assert.deepEqual(
      [...new Set(huffmanLengths)].sort((a, b) => a - b),
      printed.map(([length]) => length),
    );
  });
});

describe("decodeHuffman", () => {
  it("reads the strings of RFC 7541, appendix C", () => {
    for (const [text, bytes] of [
      ["www.example.com", "f1e3 c2e5 f23a 6ba0 ab90 f4ff"],
      ["no-cache", "a8eb 1064 9cbf"],
      ["custom-value", "25a8 49e9 5bb8 e8b4 bf"],
      ["302", "6402"],
      ["Mon, 21 Oct 2013 20:13:21 GMT", "d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff"],
      ["https://www.example.com", "9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3"],
      ["", ""],
    ] as const) {
      assert.equal(decode(hex(bytes)), text);
      assert.deepEqual(encodeHuffman(bytesOf(text)), hex(bytes));
    }
  });

  it("reads every octet, after every octet", () => {
    for (const first of octets) {
      for (const second of octets) {
        const bytes = encodeHuffman([first, second]);
        if (decode(bytes) !== String.fromCharCode(first, second)) assert.fail(`${first} ${second}`);
      }
    }
  });

  it("makes its table at the first use: a copy of the module that nothing has used reads every octet", async () => {
    const copy: typeof import("./huffman.js") = await import(`./huffman.js?copy=${++copies}`);
    for (const octet of octets) {
      const bytes = encodeHuffman([octet, octet]);
      assert.equal(copy.decodeHuffman(bytes, 0, bytes.length), String.fromCharCode(octet, octet));
    }
    assert.throws(() => copy.decodeHuffman(hex("ffffffff"), 0, 4), isCompressionError);
    assert.throws(() => copy.decodeHuffman(hex("ff"), 0, 1), isCompressionError);
  });

  it("reads what has been encoded, of any length", () => {
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(fc.constantFrom(...bytesOf("012aceiost")), { maxLength: 20_000, size: "max" }),
    );
    fc.assert(
      fc.property(text, (symbols) => {
        assert.equal(decode(encodeHuffman(symbols)), Buffer.from(symbols).toString("latin1"));
      }),
    );
  });

  it("refuses the end of a string in a string", () => {
    for (const before of ["", "a", "ab", "abc", "\xff", "abcdefgh"]) {
      for (const after of ["", "a", "\xff\xff"]) {
        const symbols = [...bytesOf(before), endOfString, ...bytesOf(after)];
        assert.throws(() => decode(encodeHuffman(symbols)), isCompressionError, `${before} and ${after}`);
      }
    }
    assert.throws(() => decode(hex("ffffffff")), isCompressionError);
    assert.throws(() => decode(hex("ffffffffffffffff")), isCompressionError);
  });

  it("refuses an octet of padding or more", () => {
    assert.throws(() => decode(hex("ff")), isCompressionError);
    assert.throws(() => decode(hex("ffff")), isCompressionError);
    for (const text of ["0", "a", "www.example.com", "\x00"]) {
      const bytes = encodeHuffman(bytesOf(text));
      assert.equal(decode(bytes), text);
      assert.throws(() => decode(Buffer.concat([bytes, hex("ff")])), isCompressionError, text);
    }
  });

  it("refuses padding that is not the start of the end of a string", () => {
    for (const symbol of octets) {
      const room = 8 - ((huffmanLengths[symbol] as number) % 8);
      if (room === 8 || room === 5) continue; // No padding, or what would be the code of "0".
      assert.throws(() => decode(encodeHuffman([symbol], "0")), isCompressionError, `${symbol}`);
    }
    // The code of "0" is 00000.
    assert.equal(decode(Buffer.from([0b00000_111])), "0");
    for (const last of [0b00000_110, 0b00000_101, 0b00000_011])
      assert.throws(() => decode(Buffer.from([last])), isCompressionError);
  });
});
