import assert from "node:assert/strict";
import { createLanes } from "./lanes.js";

describe("createLanes", () => {
  it("lets so many in at once, and the others in their order, each when one leaves", async () => {
    const lanes = createLanes(2);
    assert.equal(lanes.enter(), undefined);
    assert.equal(lanes.enter(), undefined);
    const entered: number[] = [];
    const waiting = [3, 4].map((turn) => lanes.enter()?.then(() => entered.push(turn)));
    lanes.leave();
    await waiting[0];
    assert.deepEqual(entered, [3]);
    lanes.leave();
    await waiting[1];
    assert.deepEqual(entered, [3, 4]);
    lanes.leave();
    assert.equal(lanes.enter(), undefined, "the lane that the third left is free");
  });
});
