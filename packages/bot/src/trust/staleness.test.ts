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

  describe("with the alarms of a test", () => {
    let now: number;
    let alarms: { readonly at: number; readonly ring: () => void }[];
    let set: typeof globalThis.setTimeout;
    let clear: typeof globalThis.clearTimeout;

    beforeEach(() => {
      now = 1_000;
      alarms = [];
      ({ setTimeout: set, clearTimeout: clear } = globalThis);
      const fake = (ring: () => void, ms = 0) => {
        const alarm = { at: now + ms, ring, unref: () => alarm };
        alarms.push(alarm);
        return alarm;
      };
      globalThis.setTimeout = fake as never;
      globalThis.clearTimeout = ((alarm: never) => {
        alarms = alarms.filter((one) => one !== alarm);
      }) as never;
    });
    afterEach(() => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }));

    /** Lets time pass, and rings what is due, in its order. */
    function pass(ms: number): void {
      const end = now + ms;
      for (;;) {
        const [next] = alarms.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        alarms = alarms.filter((alarm) => alarm !== next);
        now = Math.max(now, next.at);
        next.ring();
      }
      now = end;
    }

    it("has one only while somebody listens, and it is fresh", () => {
      const staleness = createStaleness({ now: () => now }, () => 100);
      assert.equal(alarms.length, 0);
      const told: boolean[] = [];
      const stop = staleness.onChange((stale) => told.push(stale));
      const other = staleness.onChange(() => {});
      assert.equal(alarms.length, 1);
      other();
      other();
      pass(50);
      assert.equal(alarms.length, 1, "the first one listens still");
      pass(50);
      assert.deepEqual([told, alarms.length], [[], 1]);
      pass(1);
      assert.deepEqual([told, alarms.length], [[true], 0]);
      staleness.touch();
      assert.deepEqual([told, alarms.length], [[true, false], 1]);
      pass(60);
      staleness.touch();
      pass(100);
      assert.deepEqual(told, [true, false], "the word in between counts");
      pass(1);
      assert.deepEqual(told, [true, false, true]);
      stop();
      staleness.touch();
      assert.equal(alarms.length, 0);
      assert.deepEqual(told, [true, false, true]);
    });

    it("is cleared with the last listener, and has none where nothing is ever stale", () => {
      let bound = Number.POSITIVE_INFINITY;
      const staleness = createStaleness({ now: () => now }, () => bound);
      const told: boolean[] = [];
      const stop = staleness.onChange((stale) => told.push(stale));
      assert.equal(alarms.length, 0);
      bound = 30; // Another state has another bound.
      staleness.touch();
      assert.equal(alarms.length, 1);
      pass(31);
      assert.deepEqual(told, [true]);
      staleness.touch();
      stop();
      assert.equal(alarms.length, 0);
    });
  });
});
