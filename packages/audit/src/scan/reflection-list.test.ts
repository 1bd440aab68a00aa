import assert from "node:assert/strict";
import { maximumServices, readServiceNames } from "./reflection-list.js";

function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  const length = bytes.length < 0x80 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
  if (bytes.length >= 0x4000) length.splice(1, 1, ((bytes.length >> 7) & 0x7f) | 0x80, bytes.length >> 14);
  return Buffer.concat([Buffer.of((number << 3) | 2, ...length), bytes]);
}

const answer = (...names: string[]) => field(6, Buffer.concat(names.map((name) => field(1, field(1, name)))));

describe("readServiceNames", () => {
  it("reads the services, in order and once each", () => {
    assert.deepEqual(readServiceNames(answer("b.v1.B", "a.v1.A", "b.v1.B")), ["a.v1.A", "b.v1.B"]);
  });

  it("skips fields that it does not know", () => {
    const other = Buffer.concat([field(1, "host"), Buffer.of(0x18, 0x96, 0x01), Buffer.of(0x25, 1, 2, 3, 4)]);
    assert.deepEqual(readServiceNames(Buffer.concat([other, answer("a.A")])), ["a.A"]);
  });

  it("takes nothing that is no name of a service", () => {
    assert.deepEqual(readServiceNames(answer("a b", "\u001b[31m", "", "a".repeat(257), "a.A")), ["a.A"]);
  });

  it("keeps 256 names", () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`);
    assert.equal(readServiceNames(answer(...names(maximumServices)))?.length, 256);
    assert.equal(readServiceNames(answer(...names(maximumServices + 1)))?.length, 256);
  });

  it("tells an answer that is none", () => {
    for (const bytes of ["", "3a00", "0a05aa", "ff", "ffffffffffff", "3205", "0f"])
      assert.equal(readServiceNames(Buffer.from(bytes, "hex")), undefined, bytes);
  });
});
