import assert from "node:assert/strict";
import { RequestMeter } from "./request-meter.js";

const [frame, message] = [128, 256];

describe("the meter of a request", () => {
  const limit = 1_000;

  function metered(bytesPerPeer = 100_000) {
    const load = { calls: 1, bytes: 0 };
    return { load, meter: new RequestMeter(load, limit, bytesPerPeer) };
  }

  function framed(length: number): Buffer {
    const bytes = Buffer.alloc(5 + length);
    bytes.writeUInt32BE(length, 1);
    return bytes;
  }

  it("holds what has arrived until the handler takes it", () => {
    const { load, meter } = metered();
    assert.equal(meter.received(framed(100)), undefined);
    assert.equal(load.bytes, frame + 105 + message);
    assert.equal(meter.unfinished, false);
    meter.delivered();
    assert.equal(load.bytes, 0);
  });

  it("counts what is held, and what comes, for another bot from then on", () => {
    const { load, meter } = metered();
    const other = { calls: 1, bytes: 7 };
    meter.received(framed(100));
    meter.charge(other);
    meter.received(framed(50));
    assert.deepEqual([load.bytes, other.bytes], [0, 7 + 105 + 55 + 2 * (frame + message)]);
    meter.delivered();
    meter.close();
    assert.deepEqual([load.bytes, other.bytes], [0, 7]);
  });

  it("knows messages however they are cut into frames", () => {
    const { load, meter } = metered();
    const bytes = Buffer.concat([framed(0), framed(30), framed(7)]);
    for (const byte of bytes) assert.equal(meter.received(Buffer.of(byte)), undefined);
    assert.equal(load.bytes, bytes.length * (1 + frame) + 3 * message);
    assert.equal(meter.unfinished, false);
    for (let i = 0; i < 3; i++) meter.delivered();
    assert.equal(load.bytes, 0);
  });

  it("bounds frames of one byte that nobody reads", () => {
    const { meter } = metered(10_000);
    meter.received(framed(limit).subarray(0, 5));
    let frames = 1;
    while (meter.received(Buffer.alloc(1)) === undefined) frames++;
    assert.ok(frames < 10_000 / frame);
  });

  it("refuses a message by the length that it says it has", () => {
    assert.equal(metered().meter.received(framed(limit)), undefined);
    assert.equal(metered().meter.received(framed(limit + 1).subarray(0, 5)), "REQUEST_TOO_LARGE");
    const { meter } = metered();
    const endless = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
    const faults = [...endless].map((byte) => meter.received(Buffer.of(byte)));
    assert.deepEqual(faults, [undefined, undefined, undefined, undefined, "REQUEST_TOO_LARGE"]);
  });

  it("counts an unfinished message, and short frames for what they take", () => {
    const { load, meter } = metered(5_000);
    meter.received(framed(limit).subarray(0, 5));
    let frames = 1;
    while (meter.received(Buffer.alloc(1)) === undefined) frames++;
    assert.ok(frames <= 5_000 / frame, `${frames} frames`);
    assert.ok(meter.unfinished);
    meter.close();
    assert.equal(load.bytes, 0);
  });

  it("takes a message in few pieces, and any number of messages in a piece each", () => {
    const { meter } = metered();
    meter.received(framed(limit).subarray(0, 5));
    const faults = Array.from({ length: 64 }, () => meter.received(Buffer.alloc(1)));
    assert.deepEqual(new Set(faults.slice(0, -1)), new Set([undefined]));
    assert.equal(faults.at(-1), "REQUEST_IN_PIECES");
    const other = metered().meter;
    for (let i = 0; i < 1_000; i++) {
      assert.equal(other.received(framed(10)), undefined);
      other.delivered();
    }
  });

  it("counts messages of no bytes", () => {
    const { meter } = metered(10_000);
    assert.equal(meter.received(Buffer.alloc(5 * 50)), "REQUEST_BYTES_LIMIT");
  });

  it("is exact in the sum where the messages that wait are of different sizes", () => {
    const { load, meter } = metered();
    meter.received(Buffer.concat([framed(1), framed(900), framed(2), framed(50).subarray(0, 20)]));
    const partial = 20;
    for (let i = 0; i < 3; i++) meter.delivered();
    assert.equal(load.bytes, partial);
    meter.received(framed(50).subarray(20));
    meter.delivered();
    assert.equal(load.bytes, 0);
    meter.delivered();
    assert.equal(load.bytes, 0, "what was not there was given back");
  });

  it("shares the bound among all calls of a bot, and counts nothing after the end", () => {
    const load = { calls: 2, bytes: 0 };
    const [one, two] = [new RequestMeter(load, limit, 1_500), new RequestMeter(load, limit, 1_500)];
    assert.equal(one.received(framed(900)), undefined);
    assert.equal(two.received(framed(900)), "REQUEST_BYTES_LIMIT");
    two.close();
    two.received(framed(900));
    one.close();
    assert.equal(load.bytes, 0);
  });
});
