import assert from "node:assert/strict";
import { formatLocalAddress, readLocalAddress } from "./local-address.js";

describe("a local address", () => {
  it("is the path of a Unix socket, or a port of loopback", () => {
    for (const text of ["unix:///run/a.sock", "127.0.0.1:50051", "[::1]:50051"]) {
      assert.equal(formatLocalAddress(readLocalAddress(text)), text);
    }
    assert.deepEqual(readLocalAddress("unix:/run/a.sock"), { path: "/run/a.sock" });
  });

  for (const [text, fault] of [
    ["0.0.0.0:50051", /reached from other machines/],
    ["scale.local:50051", /reached from other machines/],
    ["unix:a.sock", /absolute path/],
    ["unix:///run/", /absolute path/],
    [`unix:///${"a".repeat(103)}`, /at most 103 bytes/],
    ["50051", /it has no port/],
  ] as const) {
    it(`is not ${text.slice(0, 20)}`, () => assert.throws(() => readLocalAddress(text), fault));
  }
});
