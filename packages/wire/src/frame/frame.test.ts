import assert from "node:assert/strict";
import { ConnectionError } from "./error-code.js";
import { startOf, stopOf } from "./frame.js";
import { flag } from "./kinds.js";

describe("the content of a frame", () => {
  const contentOf = (payload: readonly number[], flags: number) => {
    const bytes = Buffer.from([99, 99, ...payload, 99]);
    const frame = { type: 0, flags, streamId: 1, bytes, from: 2, to: 2 + payload.length };
    return [...bytes.subarray(startOf(frame), stopOf(frame))];
  };

  it("is all of it without padding, and what lies between the padding's length and the padding", () => {
    assert.deepEqual(contentOf([1, 2, 3], 0), [1, 2, 3]);
    assert.deepEqual(contentOf([], 0), []);
    assert.deepEqual(contentOf([1, 2, 3], flag.padded), [2]);
    assert.deepEqual(contentOf([0, 2, 3], flag.padded), [2, 3]);
    assert.deepEqual(contentOf([2, 0, 0], flag.padded), []);
    assert.deepEqual(contentOf([0], flag.padded), []);
  });

  it("is not there where the padding is longer than the frame (RFC 9113, section 6.1)", () => {
    for (const payload of [[], [1], [3, 0, 0], [255, 1]]) {
      assert.throws(() => contentOf(payload, flag.padded), ConnectionError);
    }
  });
});
