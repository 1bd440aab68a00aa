import assert from "node:assert/strict";
import { monotonicOf, systemClock } from "./clock.js";
import { createUptime } from "./uptime.js";

describe("monotonic time", () => {
  it("counts the sleep of the machine, and no coarseness of its clocks", () => {
    let [steady, boot] = [1_000, 50_000];
    const uptime = createUptime({ steady: () => steady, sinceBoot: () => boot });
    const pass = (ms: number, asleep = 0) => {
      steady += ms;
      boot += ms + asleep;
    };
    assert.equal(uptime(), 1_000);
    pass(200, 900); // What rounding to seconds may amount to.
    assert.equal(uptime(), 1_200);
    pass(200, -900);
    assert.equal(uptime(), 1_400);
    pass(150, 60_000);
    assert.equal(uptime(), 61_550);
    pass(99, 5_000);
    assert.equal(uptime(), 61_649, "it compares the clocks ten times a second");
    pass(1);
    assert.equal(uptime(), 66_650);
    for (let i = 0; i < 100; i++) pass(1_000);
    assert.equal(uptime(), 166_650);
  });

  it("goes on where a system does not say since when it runs", () => {
    let steady = 5;
    const unknown = () => {
      throw new Error("ENOSYS");
    };
    const uptime = createUptime({ steady: () => steady, sinceBoot: unknown });
    steady += 500;
    assert.equal(uptime(), 505);
  });

  it("is that of a clock if it has one, and its time if not", () => {
    assert.equal(monotonicOf({ now: () => 7 }).now(), 7);
    assert.equal(monotonicOf({ now: () => 7, monotonic: () => 3 }).now(), 3);
    const { now } = monotonicOf(systemClock);
    const first = now();
    assert.ok(now() >= first && Math.abs(first - Date.now()) > 1_000);
  });
});
