import assert from "node:assert/strict";
import { simulateDay } from "./testing/simulate-day.js";

describe("robots", () => {
  it("carry everything once, around each other, with batteries that run low and grippers that slip", async () => {
    const day = await simulateDay(7, 6, 90);
    assert.equal(day.collisions, 0);
    assert.equal(new Set(day.effects.map(({ taskId }) => taskId)).size, 90);
    assert.equal(day.effects.length, 90);
    assert.ok(day.failures > 0, "an item slipped");
    assert.ok(day.lowestBattery < 0.25, `a battery was at ${day.lowestBattery}`);
    assert.ok(day.lowestBattery > 0, "nobody stranded");
    const cells = new Set(day.trace.map((line) => line.split(" ")[1]));
    assert.equal(cells.size, 6, "everybody worked");
  });

  it("do the same on the same day, and something else on another", async () => {
    const [one, again, other] = [await simulateDay(1, 4, 12), await simulateDay(1, 4, 12), await simulateDay(2, 4, 12)];
    assert.deepEqual(again.trace, one.trace);
    assert.notDeepEqual(other.trace, one.trace);
  });
});
