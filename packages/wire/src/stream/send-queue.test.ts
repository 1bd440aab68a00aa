import assert from "node:assert/strict";
import fc from "fast-check";
import { SendQueue } from "./send-queue.js";

describe("SendQueue", () => {
  it("gives what was put in, in its order, in pieces of any length", () => {
    const step = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 25 }));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const queue = new SendQueue();
        const put: number[] = [];
        const got: number[] = [];
        for (const one of steps) {
          if (typeof one !== "number") {
            queue.push(Buffer.from(one));
            put.push(...one);
          } else if (queue.length > 0) got.push(...queue.take(Math.min(one, queue.firstBytes)));
        }
        while (queue.length > 0) got.push(...queue.take(queue.firstBytes));
        assert.deepEqual(got, put);
      }),
    );
  });

  it("puts short pieces together, and keeps nothing of what they were a part of", () => {
    const queue = new SendQueue();
    const chunk = Buffer.alloc(16_384, "x");
    const added = Array.from({ length: 1_000 }, (_, i) => queue.push(chunk.subarray(i, i + 100)));
    assert.equal(added.filter(Boolean).length, queue.length);
    assert.ok(queue.length <= 14, `${queue.length} pieces`);
    assert.notEqual(queue.take(1).buffer, chunk.buffer);
    queue.push(chunk);
    assert.ok(queue.push(chunk.subarray(0, 1)), "what follows a long piece is another one");
    while (queue.length > 1) queue.take(queue.firstBytes);
    assert.deepEqual(queue.take(1), Buffer.from("x"));
  });

  it("does not hold what it has given", () => {
    const queue = new SendQueue();
    for (let i = 0; i < 1_000; i++) queue.push(Buffer.alloc(1));
    for (let i = 0; i < 999; i++) queue.take(1);
    assert.equal(queue.length, 1);
    assert.equal(queue.firstBytes, 1);
  });
});
