import assert from "node:assert/strict";
import { createLeaseTimes } from "./lease-times.js";
import { defaultTiming } from "./timing.js";

describe("the lease of a kind", () => {
  it("is that of the leader's options, within bounds, and the worker stops before it ends", () => {
    const wanted: Readonly<Record<string, number>> = { plan: 30_000, short: 10, endless: 1e12, none: Number.NaN };
    const { leaseMs, stopAfterMs } = createLeaseTimes(
      defaultTiming,
      (kind) => wanted[kind] ?? 0,
      () => {},
    );
    const both = (kind: string) => [leaseMs(kind, "worker/1"), stopAfterMs(kind, "worker/1")];
    assert.deepEqual(both("plan"), [30_000, 22_500]);
    assert.deepEqual(both("endless"), [3_600_000, 2_700_000]);
    for (const kind of ["short", "none", "other"]) assert.deepEqual(both(kind), [2_000, 1_500], kind);
  });

  it("grows at the worker that stood still for it, and nowhere else, up to a minute", () => {
    const told: unknown[] = [];
    const { leaseMs, learn } = createLeaseTimes(
      defaultTiming,
      () => 0,
      (...each) => told.push(each),
    );
    learn("worker/1", undefined);
    learn("worker/1", { ms: 300, kinds: ["plan"] });
    learn("worker/1", { ms: 3_000, kinds: ["plan"] });
    learn("worker/1", { ms: 2_500, kinds: ["plan"] });
    learn("worker/1", { ms: 4_000_000, kinds: ["endless", "k".repeat(1_000)] });
    assert.deepEqual(told, [
      ["worker/1", "plan", 8_000],
      ["worker/1", "endless", 60_000],
    ]);
    assert.deepEqual([leaseMs("plan", "worker/1"), leaseMs("plan", "worker/2")], [8_000, 2_000]);
  });
});
