import assert from "node:assert/strict";
import { deferred } from "../testing/deferred.js";
import { createLatest } from "./latest.js";

describe("createLatest", () => {
  it("works on one value at a time, and passes over those that were overtaken", async () => {
    const turns = new Map([1, 4, 5].map((value) => [value, deferred()]));
    const seen: number[] = [];
    const latest = createLatest(3_600_000, async (value: number) => {
      seen.push(value);
      await turns.get(value)?.promise;
    });
    for (const value of [1, 2, 3, 4]) latest.offer(value);
    assert.deepEqual(seen, [1]);
    turns.get(1)?.resolve();
    turns.get(4)?.resolve();
    await latest.settled(); // Without the hour's rest after the first.
    assert.deepEqual(seen, [1, 4]);

    latest.offer(5);
    assert.deepEqual(seen, [1, 4, 5], "it starts anew at once");
    turns.get(5)?.resolve();
    await latest.settled();
    await latest.settled();
  });
});
