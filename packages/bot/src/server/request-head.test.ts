import assert from "node:assert/strict";
import { metadataIn } from "./request-head.js";

describe("the metadata in a header list", () => {
  it("has each value of a name, in its order, and binary ones as bytes", () => {
    const metadata = metadataIn([
      ":path",
      "/a",
      "te",
      "trailers",
      "x",
      "1",
      "y-bin",
      "AAE",
      "x",
      "2",
      "y-bin",
      "Ag,Aw",
    ]);
    assert.deepEqual(metadata.toJSON(), { x: ["1", "2"], "y-bin": [Buffer.of(0, 1), Buffer.of(2), Buffer.of(3)] });
  });

  it("leaves out what HTTP/2 allows and metadata does not: it ends no connection", () => {
    const odd = ["x-octets", "\x80\xff", "x-tab", "a\tb", "x!y", "1", "x-bytes-bin", "*", "x-good", "1"];
    assert.deepEqual(metadataIn(odd).toJSON(), { "x-good": ["1"] });
  });
});
