import assert from "node:assert/strict";
import fc from "fast-check";
import type { Entry } from "./entry.js";
import { createEntryQueue } from "./entry-queue.js";

describe("a queue of entries", () => {
  const entry = (sequence: number) => ({ sequence }) as Entry;

  it("is a sorted list, whatever is added and removed", () => {
    const step = fc.record({ add: fc.boolean(), sequence: fc.nat({ max: 40 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = createEntryQueue();
        const model = new Set<number>();
        for (const { add, sequence } of steps) {
          const changes = model.has(sequence) !== add;
          assert.equal(add ? queue.add(entry(sequence)) : queue.remove(entry(sequence)), changes);
          if (add) model.add(sequence);
          else model.delete(sequence);
          assert.equal(queue.size, model.size);
          assert.deepEqual(
            [...queue].map((each) => each.sequence),
            [...model].sort((a, b) => a - b),
          );
        }
      }),
      { numRuns: 100 },
    );
  });

  it("takes the first of many, and what comes back, again and again", () => {
    const queue = createEntryQueue();
    for (let i = 0; i < 5_000; i++) queue.add(entry(i));
    for (let i = 0; i < 4_900; i++) {
      const [first] = queue;
      assert.equal(first?.sequence, i);
      queue.remove(first as Entry);
      if (i % 7 === 0) {
        queue.add(first as Entry);
        assert.equal([...queue][0], first);
        queue.remove(first as Entry);
      }
    }
    assert.equal(queue.size, 100);
  });

  it("takes what stands behind the first, near or far", () => {
    const queue = createEntryQueue();
    const left = Array.from({ length: 3_000 }, (_, i) => i);
    for (const i of left) queue.add(entry(i));
    for (const index of [...Array(1_500).fill(1), 255, 256, 257, 600, 0, 1]) {
      assert.equal(queue.remove(entry(left.splice(index, 1)[0] as number)), true);
    }
    assert.deepEqual(
      [...queue].map((each) => each.sequence),
      left,
    );
  });
});
