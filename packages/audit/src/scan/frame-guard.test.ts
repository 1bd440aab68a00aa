import assert from "node:assert/strict";
import { createFrameGuard } from "./frame-guard.js";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

function frame(type: number, flags: number, stream: number, payload = Buffer.alloc(4)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const settings = frame(4, 0, 0, Buffer.alloc(6));
const headers = frame(1, 4, 1);
const pings = frame(6, 1, 0, Buffer.alloc(8));

describe("the guard of what a scan sends over HTTP/2", () => {
  const passes = (...frames: Buffer[]) => {
    const bytes = Buffer.concat([preface, ...frames]);
    const whole = createFrameGuard((stream) => stream === 3)(bytes);
    const guard = createFrameGuard((stream) => stream === 3);
    const byByte = [...bytes].map((byte) => guard(Buffer.of(byte))).every(Boolean);
    assert.equal(byByte, whole, "it does not matter how the bytes are cut");
    return whole;
  };

  it("lets headers, settings and answers to pings pass", () => {
    assert.ok(passes(settings, headers, pings, frame(3, 0, 1), frame(4, 1, 0, Buffer.alloc(0))));
  });

  it("lets no message pass, but on the streams that may be asked", () => {
    assert.ok(!passes(settings, headers, frame(0, 0, 1)));
    assert.ok(!passes(settings, headers, frame(0, 0, 1, Buffer.alloc(0))));
    assert.ok(passes(settings, frame(1, 4, 3), frame(0, 0, 3)));
    assert.ok(!passes(frame(0, 0, 3), frame(0, 0, 5)));
  });

  it("lets nothing pass that says that a request is complete", () => {
    assert.ok(!passes(settings, frame(1, 4 | 1, 1)));
    assert.ok(!passes(settings, frame(1, 4, 3), frame(0, 1, 3)));
  });
});
