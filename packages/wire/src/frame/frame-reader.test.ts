import assert from "node:assert/strict";
import fc from "fast-check";
import { frame } from "../testing/index.js";
import { ConnectionError } from "./error-code.js";
import type { Frame } from "./frame.js";
import { FrameReader } from "./frame-reader.js";

type Taken = Pick<Frame, "type" | "flags" | "streamId"> & { payload: string };

function createReader(maximumBytes = 16_384, goOn: (taken: Taken) => boolean = () => true) {
  const taken: Taken[] = [];
  const reader = new FrameReader(maximumBytes, {
    takeFrame({ type, flags, streamId, bytes, from, to }) {
      const one = { type, flags, streamId, payload: bytes.toString("hex", from, to) };
      taken.push(one);
      return goOn(one);
    },
  });
  return { reader, taken };
}

interface Sent extends Pick<Frame, "type" | "flags" | "streamId"> {
  readonly payload: Uint8Array;
}

/** Reads frames in parts of these lengths, and then what is left. */
function readInParts(frames: readonly Sent[], cuts: readonly number[]): Taken[] {
  const bytes = Buffer.concat(
    frames.map(({ type, flags, streamId, payload }) => frame(type, flags, streamId, payload)),
  );
  const { reader, taken } = createReader();
  let at = 0;
  for (const cut of cuts) {
    reader.read(bytes.subarray(at, at + cut));
    at = Math.min(bytes.length, at + cut);
  }
  reader.read(bytes.subarray(at));
  return taken;
}

const someFrame = fc.record({
  type: fc.nat(255),
  flags: fc.nat(255),
  streamId: fc.nat(2 ** 31 - 1),
  payload: fc.uint8Array({ maxLength: 60 }),
});

describe("FrameReader", () => {
  it("gives the same frames, however they are cut", () => {
    fc.assert(
      fc.property(fc.array(someFrame, { maxLength: 8 }), fc.array(fc.nat(70)), (frames, cuts) => {
        const taken = readInParts(frames, cuts);
        const sent = frames.map(({ payload, ...rest }) => ({ ...rest, payload: Buffer.from(payload).toString("hex") }));
        assert.deepEqual(taken, sent);
      }),
    );
  });

  it("gives what a long DATA frame brings in the parts in which it comes, without a copy", () => {
    const long = fc.record({
      type: fc.constantFrom(0, 0, 1),
      flags: fc.constantFrom(0, 1, 8, 9),
      streamId: fc.nat(2 ** 31 - 1),
      payload: fc.integer({ min: 0, max: 5_000 }).map((length) => Buffer.alloc(length, length)),
    });
    fc.assert(
      fc.property(fc.array(long, { maxLength: 6 }), fc.array(fc.nat(4_000)), (frames, cuts) => {
        const rest = readInParts(frames, cuts);
        for (const { payload, ...sent } of frames) {
          const whole = payload.toString("hex");
          let seen = "";
          for (;;) {
            const part = rest.shift();
            assert.ok(part);
            seen += part.payload;
            const isLast = seen.length === whole.length && (part.flags === sent.flags || rest.length === 0);
            if (isLast) {
              assert.deepEqual([part.type, part.flags, part.streamId, seen], [...Object.values(sent), whole]);
              break;
            }
            assert.deepEqual([part.type, part.flags, part.streamId, sent.flags & 8], [0, 0, sent.streamId, 0]);
            assert.ok(part.payload.length >= 2 * 1_024);
          }
        }
        assert.deepEqual(rest, []);
      }),
    );
    const one = frame(0, 1, 1, Buffer.alloc(16_384, 1));
    const seen: (readonly [Buffer, number])[] = [];
    const reader = new FrameReader(16_384, {
      takeFrame({ bytes, flags }) {
        seen.push([bytes, flags]);
        return true;
      },
    });
    const chunks = [one.subarray(0, 9_000), one.subarray(9_000)];
    for (const chunk of chunks) reader.read(chunk);
    assert.deepEqual(
      seen.map(([bytes, flags], i) => [bytes === chunks[i], flags]),
      [
        [true, 0],
        [true, 1],
      ],
    );
  });

  it("ignores the reserved bit of a stream id", () => {
    const { reader, taken } = createReader();
    reader.read(frame(0, 0, 0x8000_0001));
    assert.equal(taken[0]?.streamId, 1);
  });

  it("copies a frame that comes in single bytes once", () => {
    const bytes = frame(0, 0, 1, Buffer.alloc(16_384, 1));
    const { copy } = Buffer.prototype;
    let copied = 0;
    Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<typeof copy>) {
      const length = copy.apply(this, args);
      copied += length;
      return length;
    };
    try {
      const { reader, taken } = createReader();
      for (let i = 0; i < bytes.length; i++) reader.read(bytes.subarray(i, i + 1));
      assert.equal(taken.length, 1);
      assert.equal(copied, bytes.length);
    } finally {
      Buffer.prototype.copy = copy;
    }
  });

  it("copies no frame that comes whole", () => {
    const bytes = Buffer.concat([frame(0, 0, 1, Buffer.from("one")), frame(0, 0, 3, Buffer.from("two"))]);
    const seen: Buffer[] = [];
    const reader = new FrameReader(16_384, {
      takeFrame(taken) {
        seen.push(taken.bytes);
        return true;
      },
    });
    reader.read(bytes);
    assert.ok(seen.length === 2 && seen.every((one) => one === bytes));
  });

  it("refuses a frame that is too long as soon as its length has come, whole or in parts", () => {
    const head = frame(0, 0, 1, Buffer.alloc(101)).subarray(0, 9);
    for (const chunks of [[head], [head.subarray(0, 3), head.subarray(3)]]) {
      const { reader } = createReader(100);
      assert.throws(
        () => {
          for (const chunk of chunks) reader.read(chunk);
        },
        (error) => error instanceof ConnectionError && error.code === 6,
      );
    }
    const { reader, taken } = createReader(100);
    reader.read(frame(0, 0, 1, Buffer.alloc(100)));
    assert.equal(taken.length, 1);
  });

  it("reads no further than its sink wants", () => {
    const first = frame(0, 0, 1, Buffer.from("abc"));
    for (const chunks of [
      [Buffer.concat([first, first])],
      [first.subarray(0, 10), Buffer.concat([first.subarray(10), first])],
    ]) {
      const { reader, taken } = createReader(100, () => false);
      for (const chunk of chunks) reader.read(chunk);
      assert.equal(taken.length, 1);
    }
  });
});
