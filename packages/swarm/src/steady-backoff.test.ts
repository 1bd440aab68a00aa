import assert from "node:assert/strict";
import { createSteadyBackoff, steadyMs } from "./steady-backoff.js";
import { createFakeTime } from "./testing/fake-time.js";

describe("createSteadyBackoff", () => {
  it("forgets nothing while connections break as soon as they have opened", () => {
    const time = createFakeTime();
    const backoff = createSteadyBackoff(time, { firstMs: 100, maximumMs: 1_000, random: () => 0 });
    const delays = Array.from({ length: 6 }, () => {
      backoff.opened();
      time.jump(steadyMs - 1);
      return backoff.next();
    });
    assert.deepEqual(delays, [100, 200, 400, 800, 1_000, 1_000]);
  });

  it("begins anew after a connection that held, however often it was heard of", () => {
    const time = createFakeTime();
    const backoff = createSteadyBackoff(time, { firstMs: 100, maximumMs: 1_000, random: () => 0 });
    assert.deepEqual([backoff.next(), backoff.next()], [100, 200]);
    backoff.opened();
    time.jump(steadyMs);
    backoff.opened();
    assert.deepEqual([backoff.next(), backoff.next()], [100, 200]);
  });
});
