import assert from "node:assert/strict";
import { systemClock } from "../base/clock.js";
import { createStaleness } from "./staleness.js";

describe("staleness", () => {
  it("begins when the bound has passed, and ends with the next word", () => {
    let now = 0;
    const staleness = createStaleness({ now: () => now }, () => 100);
    now = 100;
    assert.equal(staleness.isStale(), false);
    now = 101;
    assert.equal(staleness.isStale(), true);
    staleness.touch();
    assert.deepEqual([staleness.isStale(), staleness.heardAt], [false, 101]);
  });

  it("is there from the start for what was restored, however recent it is", () => {
    const clock = { now: () => 1_000 };
    const staleness = createStaleness(clock, () => 100, { heardAt: 999, heard: false });
    assert.deepEqual([staleness.isStale(), staleness.heardAt, staleness.heard], [true, 999, false]);
    staleness.touch();
    assert.deepEqual([staleness.isStale(), staleness.heard], [false, true]);
  });

  it("notifies when it begins, without a call, and when it ends", async () => {
    const staleness = createStaleness(systemClock, () => 20);
    const next = () =>
      new Promise<boolean>((resolve) => {
        const stop = staleness.onChange((stale) => {
          stop();
          resolve(stale);
        });
      });
    // The alarm keeps no process alive, and this test has nothing else to wait for.
    const alive = setInterval(() => {}, 1_000);
    assert.equal(await next(), true);
    const ended = next();
    staleness.touch();
    assert.equal(await ended, false);
    assert.equal(await next(), true);
    clearInterval(alive);
  });

  it("does not reach a listener that has been removed", () => {
    let now = 0;
    const staleness = createStaleness({ now: () => now }, () => 100);
    const told: boolean[] = [];
    const stop = staleness.onChange((stale) => told.push(stale));
    stop();
    stop();
    now = 1_000;
    staleness.touch();
    assert.deepEqual(told, []);
  });
});
