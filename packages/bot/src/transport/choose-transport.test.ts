import assert from "node:assert/strict";
import { readTransport } from "./choose-transport.js";

describe("readTransport", () => {
  it("takes the two, and has a default", () => {
    assert.equal(readTransport(undefined), "wire");
    assert.equal(readTransport(""), "wire");
    assert.equal(readTransport("wire"), "wire");
    assert.equal(readTransport("grpc-js"), "grpc-js");
  });

  it("refuses anything else, and names the two", () => {
    for (const value of ["Wire", "grpc", " wire"]) {
      assert.throws(() => readTransport(value), /INTERLOCK_TRANSPORT is ".*": set it to "wire" or "grpc-js"/);
    }
  });
});
