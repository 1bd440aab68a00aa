import assert from "node:assert/strict";
import { RecentIds } from "./recent-ids.js";

describe("RecentIds", () => {
  it("forgets the oldest beyond a number", () => {
    const recent = new RecentIds(2);
    assert.ok(!recent.has(1));
    recent.delete(1);
    for (const id of [1, 3, 5]) recent.add(id);
    assert.deepEqual(
      [1, 3, 5].map((id) => recent.has(id)),
      [false, true, true],
    );
    recent.delete(3);
    recent.add(7);
    assert.deepEqual(
      [3, 5, 7].map((id) => recent.has(id)),
      [false, true, true],
    );
  });
});
