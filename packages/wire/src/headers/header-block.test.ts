import assert from "node:assert/strict";
import { ConnectionError } from "../frame/error-code.js";
import { HeaderBlock } from "./header-block.js";

describe("HeaderBlock", () => {
  it("is put together from copies, once for each block", () => {
    const block = new HeaderBlock(3);
    for (const text of ["one two", "three four"]) {
      const bytes = Buffer.from(`-${text}-`);
      block.begin(5, 1);
      block.add(bytes, 1, 4);
      block.add(bytes, 4, bytes.length - 1);
      bytes.fill(0);
      assert.equal(block.streamId, 5);
      assert.equal(block.end().toString(), text);
      assert.equal(block.streamId, 0);
    }
  });

  it("has no more frames than are allowed, empty ones too", () => {
    const block = new HeaderBlock(2);
    block.begin(1, 0);
    block.add(Buffer.alloc(0), 0, 0);
    block.add(Buffer.alloc(0), 0, 0);
    assert.throws(
      () => block.add(Buffer.alloc(0), 0, 0),
      (error) => error instanceof ConnectionError && error.code === 11,
    );
  });
});
