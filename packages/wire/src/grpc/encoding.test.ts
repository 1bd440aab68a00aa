import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { compress, decompress, type EncodingFault, offeredEncodings, parseAcceptEncoding } from "./encoding.js";

const megabyte = 1_024 * 1_024;
/** Bytes that do not become fewer, so that their compressed form is on the side of a bound on which they are. */
const noise = (length: number) => createHash("shake256", { outputLength: length }).digest();
const joined = (...parts: readonly (Buffer | string)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));

/** Whether a promise is settled without an event, and so without another thread. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => {
    settled = true;
  });
  for (let i = 0; i < 10; i++) await undefined;
  const wasSettled = settled;
  await promise;
  return wasSettled;
}

const packers = { gzip: gzipSync, deflate: deflateSync } as const;
const encodings = ["gzip", "deflate"] as const;

for (const encoding of encodings) {
  const pack = packers[encoding];

  describe(`messages in ${encoding}`, () => {
    for (const length of [0, 1, 100, 4_000, 4_096, 4_097, 5_000, 100_000, megabyte]) {
      it(`${length} bytes come back as they were`, async () => {
        for (const message of [noise(length), Buffer.alloc(length, "interlock")]) {
          const packed = await compress(encoding, message);
          assert.deepEqual(await decompress(encoding, packed, Math.max(1, length)), message);
          assert.deepEqual(await decompress(encoding, pack(message), 2 * megabyte), message);
        }
      });
    }

    const faults: Readonly<Record<string, readonly [(packed: Buffer) => Buffer, ...EncodingFault[]]>> = {
      "no bytes": [() => Buffer.alloc(0), "cut-off"],
      "half of it": [(packed) => packed.subarray(0, packed.length / 2), "cut-off"],
      "all but the last byte": [(packed) => packed.subarray(0, -1), "cut-off"],
      "another checksum": [(packed) => joined(packed.subarray(0, -4), Buffer.alloc(4)), "corrupt"],
      "bytes that are not compressed": [() => Buffer.from("not compressed".repeat(1_000)), "corrupt"],
      "the other encoding": [() => packers[encoding === "gzip" ? "deflate" : "gzip"](noise(100)), "corrupt"],
      "a byte 0 after it": [(packed) => joined(packed, "\0"), "trailing-bytes"],
      "many bytes 0 after it": [(packed) => joined(packed, Buffer.alloc(100_000)), "trailing-bytes"],
      // zlib reads what follows a message in gzip as another member (RFC 1952, section 2.2).
      "text after it": [(packed) => joined(packed, "more"), "trailing-bytes", "corrupt"],
      "the beginning of a member after it": [(packed) => joined(packed, "\x1f"), "trailing-bytes", "cut-off"],
    };
    for (const [what, [change, ...expected]] of Object.entries(faults)) {
      it(`${what} is a fault`, async () => {
        for (const length of [10, 10_000]) {
          const result = await decompress(encoding, change(pack(noise(length))), megabyte);
          assert.ok(expected.includes(result as EncodingFault), String(result));
        }
      });
    }

    it("may become as long as is allowed, and not a byte longer", async () => {
      for (const length of [1, 100, 32_768, 32_769, megabyte]) {
        for (const message of [Buffer.alloc(length), noise(length)]) {
          const packed = pack(message);
          assert.deepEqual(await decompress(encoding, packed, length), message);
          if (length > 1) assert.equal(await decompress(encoding, packed, length - 1), "too-large");
        }
      }
    });

    it("a bomb is stopped", async () => {
      for (const size of [2 * megabyte, 64 * megabyte]) {
        const bomb = pack(Buffer.alloc(size));
        assert.ok(bomb.length < size / 900);
        assert.equal(await decompress(encoding, bomb, megabyte), "too-large");
      }
    });

    it("is on this thread where little goes in and little comes out, and only there", async () => {
      for (const [message, atOnce] of [
        [noise(4_000), true],
        [noise(4_100), false],
        [Buffer.alloc(32_768), true],
        [Buffer.alloc(32_769), false],
        [Buffer.alloc(megabyte), false],
      ] as const) {
        assert.equal(await isSettled(decompress(encoding, pack(message), megabyte)), atOnce);
      }
      assert.ok(await isSettled(decompress(encoding, pack(Buffer.alloc(megabyte)), 1_000)));
      assert.ok(await isSettled(compress(encoding, noise(4_096))));
      assert.ok(!(await isSettled(compress(encoding, noise(4_097)))));
    });

    it("a small message takes little memory, and no more than its own", async () => {
      const message = Buffer.from("hello");
      const packed = await compress(encoding, message);
      for (const result of [packed, await decompress(encoding, packed, megabyte)]) {
        assert.ok(Buffer.isBuffer(result) && result.buffer.byteLength <= Buffer.poolSize);
      }
    });

    it("any bytes give a message or a fault", async () => {
      const packed = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => pack(bytes));
      const change = fc.record({ bytes: packed, at: fc.nat(), byte: fc.nat(255) });
      await fc.assert(
        fc.asyncProperty(fc.oneof(change, fc.record({ bytes: fc.uint8Array() })), async (given) => {
          const bytes = Buffer.from(given.bytes);
          if ("at" in given) bytes[given.at % bytes.length] = given.byte;
          const result = await decompress(encoding, bytes, 1_000);
          if (Buffer.isBuffer(result)) assert.ok(result.length <= 1_000);
          else assert.ok(["too-large", "corrupt", "cut-off", "trailing-bytes"].includes(result));
        }),
      );
    });
  });
}

describe("the encoding of messages (compression.md)", () => {
  it("a message in gzip may have several members (RFC 1952, section 2.2)", async () => {
    const members = joined(gzipSync("one, "), gzipSync(""), gzipSync("two"));
    assert.deepEqual(await decompress("gzip", members, megabyte), Buffer.from("one, two"));
    assert.equal(await decompress("gzip", members, 7), "too-large");
    assert.equal(await decompress("deflate", joined(deflateSync("one"), deflateSync("two")), 100), "trailing-bytes");
  });

  it("an encoding that is not known decompresses nothing", async () => {
    for (const encoding of ["", "snappy", "br", "GZIP", "gzip, gzip", "constructor", "__proto__"]) {
      assert.equal(await decompress(encoding, gzipSync("x"), 100), "unknown-encoding");
    }
  });

  it('a message cannot be compressed where no encoding is declared ("Test cases", 6)', async () => {
    assert.equal(await decompress("identity", gzipSync("x"), 100), "not-declared");
    const message = Buffer.from("x");
    assert.equal(await compress("identity", message), message);
  });

  for (const [value, expected] of [
    ["", []],
    ["identity", ["identity"]],
    ["identity,deflate,gzip", ["identity", "deflate", "gzip"]],
    ["gzip, snappy ,\tdeflate", ["gzip", "deflate"]],
    [",,gzip,", ["gzip"]],
    ["gzip;q=1, br, *, GZIP", []],
    ["constructor,__proto__", []],
  ] as const) {
    it(`grpc-accept-encoding ${JSON.stringify(value)} has ${expected.length} known encodings`, () => {
      assert.deepEqual(parseAcceptEncoding(value), expected);
    });
  }

  it("is offered in full", () => {
    assert.deepEqual([...parseAcceptEncoding(offeredEncodings)].sort(), [...encodings, "identity"].sort());
  });
});
