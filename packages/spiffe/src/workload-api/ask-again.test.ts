import assert from "node:assert/strict";
import { askAgainMs } from "./ask-again.js";

describe("the time to ask an agent again", () => {
  const leaf = { notBefore: 0, notAfter: 3_600_000 };

  it("is three quarters of a certificate's life, when no other has come", () => {
    assert.equal(askAgainMs(leaf, 0, 5_000), 2_700_000);
    assert.equal(askAgainMs(leaf, 2_600_000, 5_000), 100_000);
  });

  it("is half of what remains from then on, and never less than five seconds", () => {
    assert.equal(askAgainMs(leaf, 2_700_000, 5_000), 450_000);
    assert.equal(askAgainMs(leaf, 3_150_000, 5_000), 225_000);
    assert.equal(askAgainMs(leaf, 3_599_000, 5_000), 5_000);
    assert.equal(askAgainMs(leaf, 3_700_000, 5_000), 5_000);
  });

  it("is a time that a timer can wait", () => {
    assert.equal(askAgainMs({ notBefore: 0, notAfter: 1e13 }, 0, 5_000), 2 ** 31 - 1);
  });
});
