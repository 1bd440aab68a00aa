import assert from "node:assert/strict";
import fc from "fast-check";
import { ConnectionError, errorCode } from "../frame/error-code.js";
import type { HeaderList } from "../header-list.js";
import { createDecoder, type Decoder } from "./decoder.js";
import { createEncoder } from "./encoder.js";
import { boundless, decodeAll, encodeAll, encodeHuffman, listOf, tableOf } from "./helpers.test.js";
import { staticTable } from "./static-table.js";

const octets = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const name = fc.oneof(
  fc.constantFrom(...staticTable.filter((_, at) => at % 2 === 0)),
  fc.constantFrom("grpc-timeout", "grpc-status", "grpc-message", "user-agent", "te", "x-id", "a", "b", "c", "d"),
  octets(20),
);
const value = fc.oneof(
  fc.constantFrom("", "/", "200", "POST", "0", "1", "2", "trailers", "application/grpc", "x".repeat(700)),
  octets(40),
  octets(1_500),
);
const list: fc.Arbitrary<HeaderList> = fc
  .array(fc.tuple(name, value), { maxLength: 12 })
  .map((fields) => fields.flat());
const size = fc.oneof(fc.constantFrom(0, 31, 32, 4095, 4096, 65_536), fc.nat(5_000));

/** A few lists, and what is done with them: one is encoded, or the peer's table gets other sizes. */
interface Session {
  readonly lists: readonly HeaderList[];
  readonly steps: readonly (
    | { readonly at: number; readonly recurring: boolean }
    | { readonly sizes: readonly number[] }
  )[];
}

const session: fc.Arbitrary<Session> = fc.record({
  lists: fc.array(list, { minLength: 1, maxLength: 6 }),
  steps: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ at: fc.nat(5), recurring: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ sizes: fc.array(size, { minLength: 1, maxLength: 4 }) }) },
    ),
    { minLength: 1, maxLength: 40 },
  ),
});

/** The blocks of a session, and the lists they were made of. */
function* play({ lists, steps }: Session): Generator<[Buffer, HeaderList]> {
  const encoder = createEncoder();
  for (const step of steps) {
    if ("sizes" in step) {
      for (const bytes of step.sizes) encoder.setTableSize(bytes);
      continue;
    }
    const headers = lists[step.at % lists.length] as HeaderList;
    yield [encodeAll(encoder, headers, step.recurring), headers];
  }
}

describe("HPACK, whatever the lists", () => {
  it("decodes what it has encoded, over many blocks and sizes of the table", () => {
    fc.assert(
      fc.property(session, (session) => {
        const decoder = boundless();
        for (const [block, headers] of play(session)) assert.deepEqual(listOf(decoder, block), headers);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps the table in step when lists are too large", () => {
    let tooLarge = 0;
    const bounds = fc.record({ maximumListBytes: fc.nat(3_000), maximumFields: fc.nat(12) });
    fc.assert(
      fc.property(session, bounds, (session, bounds) => {
        const whole = boundless();
        const bounded = createDecoder(bounds);
        for (const [block, headers] of play(session)) {
          const expected = decodeAll(whole, block);
          assert.ok(expected !== "too-large");
          const fits = expected.size <= bounds.maximumListBytes && headers.length / 2 <= bounds.maximumFields;
          if (!fits) tooLarge++;
          assert.deepEqual(decodeAll(bounded, block), fits ? expected : "too-large");
        }
        if (bounds.maximumListBytes > 1_100 && bounds.maximumFields > 0)
          assert.deepEqual(tableOf(bounded), tableOf(whole));
      }),
      { numRuns: 500 },
    );
    assert.ok(tooLarge > 100, `only ${tooLarge} were too large: the test tests nothing`);
  });
});

describe("Decoder, whatever the bytes", () => {
  /** Decodes until it is refused. Any error but a COMPRESSION_ERROR fails the test, and so does a list beyond the bounds. */
  function survives(decoder: Decoder, blocks: Iterable<Buffer>): number {
    let decoded = 0;
    try {
      for (const block of blocks) {
        const result = decodeAll(decoder, block);
        decoded++;
        if (result === "too-large") continue;
        assert.ok(result.size <= 2_000 && result.headers.length <= 2 * 20);
        assert.equal(result.headers.length % 2, 0);
      }
    } catch (error) {
      assert.ok(error instanceof ConnectionError && error.code === errorCode.compressionError, String(error));
    }
    return decoded;
  }
  const small = () => createDecoder({ maximumListBytes: 2_000, maximumFields: 20 });

  it("takes bytes at random, or refuses them", () => {
    // Octets that mean something on the whole: indices, lengths that fit, Huffman strings.
    const octet = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x00, 0x10, 0x20, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0xbe, 0xff, 1, 2, 3),
    );
    const blocks = fc.array(fc.array(octet, { maxLength: 60 }), { minLength: 1, maxLength: 5 });
    let decoded = 0;
    fc.assert(
      fc.property(blocks, (blocks) => {
        decoded += survives(
          small(),
          blocks.map((block) => Buffer.from(block)),
        );
      }),
      { numRuns: 5_000 },
    );
    assert.ok(decoded > 500, `only ${decoded} blocks were decoded: the test tests nothing`);
  });

  it("takes good blocks with changes in them, or refuses them", () => {
    const change = fc.record({ block: fc.nat(5), at: fc.nat(200), octet: fc.nat(255), kind: fc.nat(2) });
    fc.assert(
      fc.property(session, fc.array(change, { minLength: 1, maxLength: 4 }), (session, changes) => {
        const blocks = [...play(session)].map(([block]) => Buffer.from(block));
        for (const { block, at, octet, kind } of changes) {
          const i = block % Math.max(blocks.length, 1);
          const bytes = blocks[i];
          if (!bytes || bytes.length === 0) continue;
          const from = at % bytes.length;
          if (kind === 0) bytes[from] = octet;
          else if (kind === 1) blocks[i] = bytes.subarray(0, from);
          else blocks[i] = Buffer.concat([bytes.subarray(0, from), Buffer.from([octet]), bytes.subarray(from)]);
        }
        survives(small(), blocks);
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes Huffman strings with changes in them, or refuses them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(1_000), fc.nat(7), (text, at, bit) => {
        const bytes = encodeHuffman(text);
        bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ (1 << bit);
        const length =
          bytes.length < 127 ? [0x80 | bytes.length] : [0xff, (bytes.length - 127) | 0x80, (bytes.length - 127) >> 7];
        survives(small(), [Buffer.from([0x40, 0x01, 0x61, ...length, ...bytes])]);
      }),
      { numRuns: 5_000 },
    );
  });
});
