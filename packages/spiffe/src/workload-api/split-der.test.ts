import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { splitDer } from "./split-der.js";

describe("concatenated DER", () => {
  const element = (length: number) => {
    const content = randomBytes(length);
    const header =
      length < 0x80
        ? [0x30, length]
        : length < 0x100
          ? [0x30, 0x81, length]
          : length < 0x10000
            ? [0x30, 0x82, length >> 8, length & 0xff]
            : [0x30, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
    return new Uint8Array([...header, ...content]);
  };

  it("is split where each certificate ends, whatever its length", () => {
    const all = [0, 1, 127, 128, 255, 256, 900, 65_535, 65_536].map(element);
    assert.deepEqual(splitDer(Buffer.concat(all), all.length), all);
    assert.deepEqual(splitDer(new Uint8Array(), 1), []);
  });

  it("is copied, so that no certificate keeps the message that it came in", () => {
    const [first] = splitDer(Buffer.concat([element(10), element(10)]), 2);
    assert.equal(first?.buffer.byteLength, 12);
  });

  it("is refused when it ends elsewhere, or holds something else, or too many", () => {
    const good = element(300);
    for (let cut = 1; cut < good.length; cut++)
      assert.throws(() => splitDer(good.subarray(0, cut), 1), /ends within|no list/);
    for (const bytes of [
      [0x31, 0],
      [0x30, 0x80],
      [0x30, 0x84, 0, 0, 0, 1, 0],
      [...good, 0],
    ]) {
      assert.throws(() => splitDer(new Uint8Array(bytes), 9), /no list/);
    }
    assert.throws(() => splitDer(Buffer.concat([good, good]), 1), /more than 1 certificates/);
    assert.throws(() => splitDer(Buffer.from("-----BEGIN CERTIFICATE-----"), 1), /no list/);
  });
});
