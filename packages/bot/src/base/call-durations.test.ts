import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { createCallDurations, maximumMethods } from "./call-durations.js";
import { durationBounds } from "./histogram.js";

describe("durations of calls", () => {
  it("fall in the bucket whose upper bound they do not exceed", () => {
    const durations = createCallDurations();
    const echo = durations.of("/test.Echo/Echo");
    for (const ms of [-1, 0, 0.5, 0.6, 10_000, 10_001]) echo.record("answered", status.OK, ms);
    const [row, ...others] = durations.all();
    assert.equal(others.length, 0);
    assert.deepEqual([row?.method, row?.code, row?.outcome], ["test.Echo/Echo", "OK", "answered"]);
    const { counts = [], sum } = row?.histogram ?? {};
    assert.deepEqual(
      [counts[0], counts[1], counts[durationBounds.length - 1], counts[durationBounds.length]],
      [3, 1, 1, 1],
    );
    assert.ok(Math.abs((sum ?? 0) - 20.0021) < 1e-9, String(sum));
  });

  it("are kept by method, code and outcome; a code that gRPC does not have is UNKNOWN", () => {
    const durations = createCallDurations();
    durations.of("/a/B").record("denied", status.PERMISSION_DENIED, 1);
    durations.of("a/B").record("failed", status.PERMISSION_DENIED, 1);
    for (const code of [99, -1, Number.NaN, undefined as unknown as number])
      durations.of("/a/B").record("failed", code, 1);
    const rows = durations.all().map(({ method, code, outcome, histogram }) => {
      return [method, code, outcome, histogram.counts.reduce((sum, one) => sum + one)];
    });
    assert.deepEqual(rows, [
      ["a/B", "UNKNOWN", "failed", 4],
      ["a/B", "PERMISSION_DENIED", "failed", 1],
      ["a/B", "PERMISSION_DENIED", "denied", 1],
    ]);
  });

  it("are those of another method past a thousand methods", () => {
    const durations = createCallDurations();
    for (let i = 0; i <= maximumMethods; i++) durations.of(`/a/M${i}`).record("answered", status.OK, 1);
    durations.of("/a/M0").record("answered", status.OK, 1);
    durations.of("/_OTHER").record("answered", status.OK, 1);
    const rows = durations.all();
    assert.equal(rows.length, maximumMethods + 1);
    const other = rows.find(({ method }) => method === "_OTHER");
    assert.equal(other?.histogram.counts[1], 2);
  });

  it("are told to a listener until it is taken away", () => {
    const durations = createCallDurations();
    const heard: unknown[] = [];
    const stop = durations.listen((seconds, { code }) => heard.push([seconds, code]));
    durations.of("/a/B").record("answered", status.OK, 2);
    stop();
    stop();
    durations.of("/a/B").record("answered", status.OK, 3);
    assert.deepEqual(heard, [[0.002, "OK"]]);
  });
});
