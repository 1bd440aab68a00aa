import assert from "node:assert/strict";
import { createAdaptiveLimit, tolerableMs } from "./adaptive-limit.js";

describe("an adaptive limit", () => {
  const openAll = (limit: ReturnType<typeof createAdaptiveLimit>) => {
    while (limit.begin());
    return limit.open;
  };

  it("has no place above it, and gets one back from each call that ends", () => {
    const limit = createAdaptiveLimit({ most: 100 });
    assert.equal(openAll(limit), 100);
    assert.equal(limit.begin(), false);
    limit.end();
    assert.deepEqual([limit.begin(), limit.begin(), limit.open], [true, false, 100]);
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
    limit.adapt(tolerableMs + 1);
    assert.deepEqual([limit.limit, limit.begin()], [768, false]);
    for (let i = 0; i < 20; i++) limit.adapt(1_000);
    assert.equal(limit.limit, 100);
  });
});
