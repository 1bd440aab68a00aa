import assert from "node:assert/strict";
import { createAdaptiveLimit, lateTimes, tolerableMs } from "./adaptive-limit.js";

describe("an adaptive limit", () => {
  const openAll = (limit: ReturnType<typeof createAdaptiveLimit>, caller = "busy/1") => {
    while (limit.begin(caller));
    return limit.open;
  };

  it("has no place above it, and gets one back from each call that ends", () => {
    const limit = createAdaptiveLimit({ most: 100 });
    assert.equal(openAll(limit), 100);
    assert.equal(limit.begin("busy/1"), false);
    limit.end("busy/1");
    assert.deepEqual([limit.begin("busy/1"), limit.begin("busy/1"), limit.open], [true, false, 100]);
  });

  it("grows while it is used and the process is punctual, up to its bound", () => {
    const limit = createAdaptiveLimit({ most: 1_200 });
    limit.adapt(tolerableMs);
    assert.equal(limit.limit, 1_024, "it is not used");
    openAll(limit);
    for (const expected of [1_088, 1_152, 1_200, 1_200]) {
      limit.adapt(tolerableMs);
      assert.equal(limit.limit, expected);
      openAll(limit);
    }
  });

  it("shrinks to a part of what is open while the process is late, down to its bound", () => {
    const limit = createAdaptiveLimit({ least: 100 });
    openAll(limit);
    for (let i = 1; i < lateTimes; i++) limit.adapt(tolerableMs + 1);
    limit.adapt(0);
    for (let i = 1; i < lateTimes; i++) limit.adapt(tolerableMs + 1);
    assert.equal(limit.limit, 1_088, "pauses are no load");
    openAll(limit);
    limit.adapt(tolerableMs + 1);
    assert.deepEqual([limit.limit, limit.begin("busy/1")], [816, false]);
    for (let i = 0; i < 20; i++) limit.adapt(1_000);
    assert.equal(limit.limit, 100);
  });

  it("does not shrink for lateness that its calls cannot be to blame for", () => {
    const limit = createAdaptiveLimit({ least: 100 });
    for (let i = 0; i < 100; i++) limit.begin("busy/1");
    for (let i = 0; i < lateTimes; i++) limit.adapt(1_000);
    assert.equal(limit.limit, 1_024);
  });

  it("keeps a share for a caller that calls little, above the limit and below its bound", () => {
    const limit = createAdaptiveLimit({ least: 10, most: 2_000 });
    openAll(limit);
    for (let i = 0; i < 20; i++) limit.adapt(1_000);
    assert.equal(limit.limit, 10);
    assert.equal(limit.begin("busy/1"), false);
    const quiet = Array.from({ length: 10 }, () => limit.begin("quiet/1"));
    assert.deepEqual(quiet, [true, true, true, true, false, false, false, false, false, false]);
    limit.end("quiet/1");
    assert.equal(limit.begin("quiet/1"), true);
  });

  it("has no place at all at its upper bound", () => {
    const limit = createAdaptiveLimit({ most: 100 });
    openAll(limit);
    assert.equal(limit.begin("quiet/1"), false);
  });

  it("has an upper bound that holds below the number that may always be open", () => {
    const limit = createAdaptiveLimit({ most: 10, least: 20 });
    assert.equal(openAll(limit), 10);
  });
});
