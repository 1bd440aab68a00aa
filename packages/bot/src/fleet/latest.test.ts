import assert from "node:assert/strict";
import { createLanes } from "../base/lanes.js";
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

  it("waits for a lane, and works on what is the latest then", async () => {
    const lanes = createLanes(1);
    const [first, second] = [deferred(), deferred()];
    const seen: string[] = [];
    const one = createLatest(3_600_000, () => first.promise, lanes);
    const work = async (value: string) => {
      seen.push(value);
      await second.promise;
    };
    const two = createLatest(3_600_000, work, lanes);
    one.offer("a");
    two.offer("b");
    two.offer("c");
    assert.deepEqual(seen, []);
    first.resolve();
    second.resolve();
    await Promise.all([one.settled(), two.settled()]);
    assert.deepEqual(seen, ["c"]);
    assert.equal(lanes.enter(), undefined, "it is free again, in their rest");
  });
});
