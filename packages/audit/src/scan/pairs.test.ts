import assert from "node:assert/strict";
import { type NextPair, walk } from "./pairs.js";
import type { ScanHost } from "./target.js";

const hosts: readonly ScanHost[] = [
  {
    host: "a",
    address: "127.0.0.1",
    ports: [
      { from: 1, to: 3 },
      { from: 9, to: 9 },
    ],
  },
  { host: "b", address: "::1", ports: [{ from: 65_000, to: 65_535 }] },
];

function readAll(...readers: NextPair[]): string[] {
  const all: string[] = [];
  for (let rest = readers; rest.length > 0; ) {
    rest = rest.filter((next) => {
      const pair = next();
      if (pair) all.push(`${pair.host.host}:${pair.port}`);
      return pair !== undefined;
    });
  }
  return all;
}

describe("the pairs of a scan", () => {
  const expected = ["a:1", "a:2", "a:3", "a:9", ...Array.from({ length: 536 }, (_, i) => `b:${65_000 + i}`)];

  it("come in order, and each once", () => {
    const next = walk(hosts);
    assert.deepEqual(readAll(next), expected);
    assert.equal(next(), undefined);
    assert.equal(walk([])(), undefined);
  });

  it("come each once to readers that share them", () => {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const all = readAll(walk(hosts, shared), walk(hosts, shared), walk(hosts, shared));
    assert.deepEqual(new Set(all), new Set(expected));
    assert.equal(all.length, expected.length);
  });
});
