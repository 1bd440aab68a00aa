import assert from "node:assert/strict";
import { createManualClock } from "./manual-clock.js";

describe("a manual clock", () => {
  it("stands still until it is moved", () => {
    let moves = 0;
    const clock = createManualClock(new Date("2030-01-01"), () => moves++);
    assert.equal(clock.now(), Date.parse("2030-01-01"));
    clock.advance(1_500);
    assert.deepEqual([clock.now() - Date.parse("2030-01-01"), clock.monotonic(), moves], [1_500, 1_500, 1]);
    clock.advanceTo(new Date("2030-01-02"));
    assert.equal(clock.now(), Date.parse("2030-01-02"));
  });

  it("goes forward only, and takes nothing but a time", () => {
    const clock = createManualClock(1_000);
    assert.throws(() => clock.advance(-1), RangeError);
    assert.throws(() => clock.advanceTo(999), RangeError);
    assert.throws(() => clock.advance(Number.NaN), RangeError);
    assert.throws(() => clock.advance(Number.POSITIVE_INFINITY), RangeError);
    assert.throws(() => createManualClock(Number.NaN), RangeError);
    assert.equal(clock.now(), 1_000);
  });
});
