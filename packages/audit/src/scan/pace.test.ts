import assert from "node:assert/strict";
import { createPace, type Pace } from "./pace.js";

const unlimited = Number.POSITIVE_INFINITY;

/** Starts attempts until the pace refuses one. */
function startAll(pace: Pace, now: number, underWay = 0): number {
  let started = 0;
  while (started < 10_000 && pace.allows(underWay + started, now)) started++;
  return started;
}

describe("the pace of a scan", () => {
  it("bounds the attempts under way", () => {
    const pace = createPace({ concurrency: 64, perSecond: unlimited, now: 0 });
    assert.equal(startAll(pace, 0), 64);
    assert.equal(startAll(pace, 0, 60), 4);
  });

  it("bounds the attempts a second, and lets a pause pass for a fiftieth of it at most", () => {
    const pace = createPace({ concurrency: 4_096, perSecond: 1_000, now: 0 });
    assert.equal(startAll(pace, 0), 20);
    assert.equal(startAll(pace, 5), 5);
    assert.equal(startAll(pace, 60_000), 20);
    let started = 0;
    for (let now = 60_000; now < 61_000; now += 10) started += startAll(pace, now);
    assert.ok(started <= 1_000 && started >= 980, String(started));
  });

  it("starts one attempt after the other when there are few a second", () => {
    const pace = createPace({ concurrency: 256, perSecond: 2, now: 0 });
    assert.deepEqual(
      [0, 100, 499, 500, 999, 1_000].map((now) => startAll(pace, now)),
      [1, 0, 0, 1, 0, 1],
    );
  });

  it("halves what is under way when this machine has no room, rests, and comes back", () => {
    const pace = createPace({ concurrency: 64, perSecond: unlimited, now: 0 });
    assert.equal(startAll(pace, 0), 64);
    pace.slow(39, 10);
    pace.slow(38, 10); // In the same turn: the same fault.
    assert.equal(startAll(pace, 59), 0);
    assert.equal(startAll(pace, 60), 20);
    assert.equal(startAll(pace, 110), 40);
    assert.equal(startAll(pace, 160), 64);
  });

  it("keeps one attempt under way at least", () => {
    const pace = createPace({ concurrency: 8, perSecond: unlimited, now: 0 });
    for (let now = 0; now < 1_000; now += 100) pace.slow(0, now);
    assert.equal(startAll(pace, 950), 1);
  });
});
