import assert from "node:assert/strict";
import type { HeaderList } from "../header-list.js";
import { createDecoder } from "./decoder.js";
import { fieldSize } from "./dynamic-table.js";
import { createEncoder } from "./encoder.js";
import { encodeAll, hex, listOf, tableOf } from "./helpers.test.js";

interface Step {
  readonly block: string;
  readonly headers: HeaderList;
  /** The dynamic table after it, and its size. */
  readonly table: HeaderList;
  readonly size: number;
}

const authority = [":authority", "www.example.com"];
const noCache = ["cache-control", "no-cache"];
const custom = ["custom-key", "custom-value"];
const get = [":method", "GET", ":scheme", "http", ":path", "/"];

/** The three requests of C.3 and C.4, which differ in their bytes. */
const requests = (first: string, second: string, third: string): readonly Step[] => [
  { block: first, headers: [...get, ...authority], table: authority, size: 57 },
  { block: second, headers: [...get, ...authority, ...noCache], table: [...noCache, ...authority], size: 110 },
  {
    block: third,
    headers: [":method", "GET", ":scheme", "https", ":path", "/index.html", ...authority, ...custom],
    table: [...custom, ...noCache, ...authority],
    size: 164,
  },
];

const isPrivate = ["cache-control", "private"];
const date = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const later = ["date", "Mon, 21 Oct 2013 20:13:22 GMT"];
const location = ["location", "https://www.example.com"];
const encoding = ["content-encoding", "gzip"];
const cookie = ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"];
const status = (code: string) => [":status", code];

/** The three responses of C.5 and C.6, with a table of 256 bytes. */
const responses = (first: string, second: string, third: string): readonly Step[] => [
  {
    block: first,
    headers: [...status("302"), ...isPrivate, ...date, ...location],
    table: [...location, ...date, ...isPrivate, ...status("302")],
    size: 222,
  },
  {
    block: second,
    headers: [...status("307"), ...isPrivate, ...date, ...location],
    table: [...status("307"), ...location, ...date, ...isPrivate],
    size: 222,
  },
  {
    block: third,
    headers: [...status("200"), ...isPrivate, ...later, ...location, ...encoding, ...cookie],
    table: [...cookie, ...encoding, ...later],
    size: 215,
  },
];

const vectors: Record<string, readonly Step[]> = {
  "C.2.1, literal with indexing": [
    {
      block: "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      headers: ["custom-key", "custom-header"],
      table: ["custom-key", "custom-header"],
      size: 55,
    },
  ],
  "C.2.2, literal without indexing": [
    { block: "040c 2f73 616d 706c 652f 7061 7468", headers: [":path", "/sample/path"], table: [], size: 0 },
  ],
  "C.2.3, literal never indexed": [
    { block: "1008 7061 7373 776f 7264 0673 6563 7265 74", headers: ["password", "secret"], table: [], size: 0 },
  ],
  "C.2.4, indexed": [{ block: "82", headers: [":method", "GET"], table: [], size: 0 }],
  "C.3, requests without Huffman": requests(
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
  ),
  "C.4, requests with Huffman": requests(
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
  ),
  "C.5, responses without Huffman": responses(
    `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
     3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
    "4803 3330 37c1 c0bf",
    `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970
     7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61
     6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
  ),
  "C.6, responses with Huffman": responses(
    `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
     1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
    "4883 640e ffc1 c0bf",
    `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2
     e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
  ),
};

const sizeOf = (list: HeaderList) =>
  list.reduce((sum, name, at) => (at % 2 === 0 ? sum + fieldSize(name, list[at + 1] as string) : sum), 0);

describe("the examples of RFC 7541, appendix C", () => {
  for (const [name, steps] of Object.entries(vectors)) {
    it(`are decoded: ${name}`, () => {
      const decoder = createDecoder();
      if (/C.[56]/.test(name)) assert.deepEqual(listOf(decoder, hex("3fe101")), []); // A size update to 256.
      for (const { block, headers, table, size } of steps) {
        assert.deepEqual(listOf(decoder, hex(block)), headers);
        assert.deepEqual(tableOf(decoder), table);
        assert.equal(sizeOf(table), size);
      }
    });
  }

  it("are encoded: C.3, whose fields are all of a kind that the encoder adds to its table", () => {
    const encoder = createEncoder();
    for (const { headers, block } of vectors["C.3, requests without Huffman"] ?? [])
      assert.deepEqual(encodeAll(encoder, headers), hex(block));
  });
});
