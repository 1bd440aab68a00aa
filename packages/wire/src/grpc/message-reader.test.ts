import assert from "node:assert/strict";
import fc from "fast-check";
import { prefixLength, writePrefix } from "./message-prefix.js";
import { type MessageFault, MessageReader } from "./message-reader.js";

const maximum = 1_000;
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

interface Read {
  readonly messages: (readonly [contents: string, compressed: boolean])[];
  fault: MessageFault | undefined;
}

/** Reads payloads, and then the end of the stream. */
function readAll(payloads: readonly Buffer[]): Read {
  const reader = new MessageReader(maximum);
  const read: Read = { messages: [], fault: undefined };
  const sink = {
    onMessage: (message: Buffer, compressed: boolean) => void read.messages.push([message.toString("hex"), compressed]),
  };
  for (const payload of payloads) read.fault ??= reader.push(payload, sink);
  read.fault ??= reader.end();
  assert.equal(reader.heldBytes, 0);
  return read;
}

function framed(contents: Uint8Array, compressed = false): Buffer {
  const bytes = Buffer.alloc(prefixLength + contents.length);
  bytes.set(contents, writePrefix(bytes, 0, contents.length, compressed));
  return bytes;
}

/** Cuts bytes at any places, which may be equal, so that there are empty payloads as well. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const inOrder = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...inOrder].map((start, i) => Buffer.from(bytes.subarray(start, inOrder[i])));
}

const places = fc.array(fc.nat(), { maxLength: 30 });
const single = (bytes: Buffer) => [...bytes].map((byte) => Buffer.of(byte));

describe('messages in DATA frames (PROTOCOL-HTTP2, "Length-Prefixed-Message")', () => {
  for (const [what, bytes, messages, fault] of [
    ["none", "", [], undefined],
    ["an empty one", "00 00000000", [["", false]], undefined],
    ["an empty one that is compressed", "01 00000000", [["", true]], undefined],
    [
      "two, one compressed",
      "00 00000001 aa 01 00000002 bbcc",
      [
        ["aa", false],
        ["bbcc", true],
      ],
      undefined,
    ],
    ["one as long as is allowed", `00 000003e8 ${"aa".repeat(1_000)}`, [["aa".repeat(1_000), false]], undefined],
    ["one that is longer", "00 000003e9", [], { kind: "too-large", length: 1_001 }],
    ["one as long as can be said", "01 ffffffff aa", [], { kind: "too-large", length: 0xffff_ffff }],
    ["one with a flag of its own", "02 00000001 aa", [], { kind: "bad-flag", flag: 2 }],
    ["a flag alone", "ff", [], { kind: "bad-flag", flag: 255 }],
    ["a good one before a bad one", "00 00000001 aa 03", [["aa", false]], { kind: "bad-flag", flag: 3 }],
    ["a bad one before a good one", "03 00000000 00 00000000", [], { kind: "bad-flag", flag: 3 }],
    ["a bad flag and a length that is too large", "80 ffffffff", [], { kind: "bad-flag", flag: 128 }],
    ["an end within the prefix", "00 000000", [], { kind: "cut-off" }],
    ["an end after the prefix", "00 00000001", [], { kind: "cut-off" }],
    ["an end within a message", "00 00000000 00 00000003 aabb", [["", false]], { kind: "cut-off" }],
  ] as const) {
    it(what, () => {
      for (const payloads of [[hex(bytes)], single(hex(bytes))])
        assert.deepEqual(readAll(payloads), { messages, fault });
    });
  }

  it("are the same however the stream is cut", () => {
    const message = fc.tuple(fc.uint8Array({ maxLength: maximum }), fc.boolean());
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), places, (messages, at) => {
        const stream = Buffer.concat(messages.map(([contents, compressed]) => framed(contents, compressed)));
        const expected = messages.map(([contents, compressed]) => [Buffer.from(contents).toString("hex"), compressed]);
        assert.deepEqual(readAll(cut(stream, at)), { messages: expected, fault: undefined });
      }),
    );
  });

  it("end with the same fault however the stream is cut", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.uint8Array({ maxLength: 40 }).map((contents) => framed(contents)),
      fc.constantFrom(hex("00 00000002 aabb"), hex("00 000003e9"), hex("00 000003e8"), hex("02")),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), places, (pieces, at) => {
        const stream = Buffer.concat(pieces);
        const whole = readAll([stream]);
        assert.deepEqual(readAll(cut(stream, at)), whole);
        assert.deepEqual(readAll(single(stream)), whole);
      }),
    );
  });

  it("are not read after a fault, which stays", () => {
    const reader = new MessageReader(maximum);
    const sink = { onMessage: () => assert.fail("there is no message") };
    const fault = reader.push(hex("02"), sink);
    assert.deepEqual(fault, { kind: "bad-flag", flag: 2 });
    assert.equal(reader.push(hex("00 00000000"), sink), fault);
    assert.equal(reader.end(), fault);
  });
});

describe("the memory of a message reader", () => {
  function start(): { reader: MessageReader; messages: Buffer[]; push: (bytes: Buffer) => MessageFault | undefined } {
    const reader = new MessageReader(4 * 1_024 * 1_024);
    const messages: Buffer[] = [];
    const sink = { onMessage: (message: Buffer) => void messages.push(message) };
    return { reader, messages, push: (bytes) => reader.push(bytes, sink) };
  }

  it("a whole message in one payload is not copied, also where its prefix came before", () => {
    const { reader, messages, push } = start();
    const payload = Buffer.concat([framed(Buffer.of(1, 2)), hex("00 00000001")]);
    const next = Buffer.of(3);
    push(payload);
    push(next);
    assert.deepEqual(messages, [Buffer.of(1, 2), Buffer.of(3)]);
    assert.equal(messages[0]?.buffer, payload.buffer);
    assert.equal(messages[0]?.byteOffset, payload.byteOffset + prefixLength);
    assert.equal(messages[1]?.buffer, next.buffer);
    assert.equal(reader.heldBytes, 0);
  });

  it("a message in several payloads is in memory of its own, and they may be used again", () => {
    const { messages, push } = start();
    const payload = Buffer.from(framed(Buffer.alloc(3_000, 7)));
    for (const part of [payload.subarray(0, 6), payload.subarray(6, 2_000), payload.subarray(2_000)]) {
      push(part);
      part.fill(0xff);
    }
    assert.deepEqual(messages, [Buffer.alloc(3_000, 7)]);
    assert.equal(messages[0]?.buffer.byteLength, 3_000);
  });

  it("a message that has only been announced holds nothing", () => {
    const { reader, push } = start();
    push(hex("00 00400000"));
    assert.equal(reader.heldBytes, 0);
    push(Buffer.alloc(10));
    assert.equal(reader.heldBytes, 512);
    assert.deepEqual(reader.end(), { kind: "cut-off" });
    assert.equal(reader.heldBytes, 0);
  });

  it("is at most twice what has arrived, or 512 bytes, or the message", () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 40 }),
        (length, sizes) => {
          const { reader, messages, push } = start();
          const prefix = Buffer.alloc(prefixLength);
          writePrefix(prefix, 0, length, false);
          push(prefix);
          let arrived = 0;
          for (const size of sizes) {
            if (arrived + size >= length) break;
            push(Buffer.alloc(size));
            arrived += size;
            assert.ok(reader.heldBytes >= arrived);
            assert.ok(reader.heldBytes <= Math.min(length, Math.max(512, 2 * arrived)));
          }
          if (arrived < length) push(Buffer.alloc(length - arrived));
          assert.equal(messages[0]?.length, length);
          assert.equal(reader.heldBytes, 0);
        },
      ),
    );
  });

  it("a message that comes byte by byte is moved a few times only", () => {
    const { reader, messages, push } = start();
    const capacities = new Set<number>();
    const byte = Buffer.of(9);
    push(hex("00 00100000"));
    for (let i = 0; i < 0x10_0000; i++) {
      push(byte);
      capacities.add(reader.heldBytes);
    }
    assert.deepEqual(messages, [Buffer.alloc(0x10_0000, 9)]);
    assert.ok(capacities.size <= 13, `${capacities.size} buffers`);
  });
});
