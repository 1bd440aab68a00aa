import assert from "node:assert/strict";
import { canJudgeMemory, judgeMemory, type MemorySample, sampleMemory } from "./memory-watch.js";

const megabyte = 1_048_576;
/** Samples of a hundred seconds; `live(second)` is in megabytes. */
const run = (live: (second: number) => number, resident = (_: number) => 200): MemorySample[] =>
  Array.from({ length: 100 }, (_, i) => ({
    at: i * 1_000,
    live: live(i) * megabyte,
    resident: resident(i) * megabyte,
  }));

describe("the judgment of memory", () => {
  it("judges memory flat that goes up and down, or grew in the warm-up only", () => {
    assert.ok(
      judgeMemory(
        run((i) => 60 + (i % 7)),
        20_000,
      ).flat,
    );
    assert.ok(
      judgeMemory(
        run((i) => Math.min(60, 20 + 2 * i)),
        20_000,
      ).flat,
    );
    const spiked = run((i) => (i > 95 ? 200 : 60));
    assert.ok(judgeMemory(spiked, 20_000).flat, "a few at the end are no slope");
  });

  it("finds a leak, of live memory and of resident memory", () => {
    const leak = judgeMemory(
      run((i) => 60 + i / 10),
      20_000,
    );
    assert.equal(leak.flat, false);
    assert.ok(leak.liveGrowthPercent > 11 && leak.liveGrowthPercent < 13, `${leak.liveGrowthPercent}`);
    assert.equal(
      judgeMemory(
        run(
          () => 60,
          (i) => 200 + i,
        ),
        20_000,
      ).flat,
      false,
    );
  });

  it("does not judge by too few samples", () => {
    const samples = run(() => 60);
    assert.deepEqual([canJudgeMemory(samples, 97_000), canJudgeMemory(samples, 95_000)], [false, true]);
    assert.throws(
      () =>
        judgeMemory(
          run(() => 60),
          97_000,
        ),
      /too few samples/,
    );
  });

  it("measures live memory after a collection", () => {
    const before = sampleMemory(0);
    const held = Buffer.alloc(8 * megabyte);
    assert.ok(sampleMemory(1).live - before.live > 7 * megabyte);
    assert.equal(held.length, 8 * megabyte);
  });
});
