import assert from "node:assert/strict";
import { Duplex, PassThrough } from "node:stream";
import { maximumRead, tapOn } from "./tap.js";

/** A stream below with what has been sent on it. */
function below() {
  const incoming = new PassThrough();
  const sent: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      sent.push(chunk);
      done();
    },
  });
  incoming.on("data", (chunk) => stream.push(chunk));
  return { stream, sent, come: (bytes: Buffer | null) => void stream.push(bytes) };
}

describe("a tap", () => {
  it("reads 64 KiB, and fails with one byte more", async () => {
    const { stream, come } = below();
    const tap = tapOn(stream);
    tap.stream.resume();
    come(Buffer.alloc(maximumRead));
    await tap.heard(1_000);
    assert.equal(tap.state(), "open");
    assert.equal(tap.received().length, 8_192, "and keeps the first 8 KiB");
    come(Buffer.alloc(1));
    await tap.heard(1_000);
    assert.equal(tap.state(), "failed");
    assert.ok(stream.destroyed);
  });

  it("tells an end from an error", async () => {
    const [ended, failed] = [below(), below()];
    const [a, b] = [tapOn(ended.stream), tapOn(failed.stream)];
    a.stream.resume();
    ended.come(null);
    failed.stream.destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
    await Promise.all([a.heard(1_000), b.heard(1_000)]);
    assert.deepEqual([a.state(), b.state(), b.error()?.code], ["ended", "failed", "ECONNRESET"]);
  });

  it("sends nothing once it is cut, nor what the guard does not let pass", async () => {
    const { stream, sent } = below();
    const tap = tapOn(stream, (chunk) => chunk[0] !== 2);
    for (const byte of [1, 2, 3]) await new Promise((done) => tap.stream.write(Buffer.of(byte), done));
    assert.deepEqual(sent, [Buffer.of(1)]);
    assert.ok(stream.destroyed);
  });
});
