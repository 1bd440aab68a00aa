import assert from "node:assert/strict";
import { refreshInterval } from "./refresh-interval.js";

describe("the time to the next refresh of a bundle", () => {
  it("is what the hint says, five minutes without one, from a minute to a day", () => {
    const seconds = [undefined, 300, 60, 1, 86_400, 2_419_200, Number.MAX_SAFE_INTEGER];
    assert.deepEqual(
      seconds.map((hint) => refreshInterval(hint, {}, 0)),
      [300_000, 300_000, 60_000, 60_000, 86_400_000, 86_400_000, 86_400_000],
    );
    assert.equal(refreshInterval(5, { floorMs: 1_000 }, 0), 5_000);
    assert.equal(refreshInterval(5, { capMs: 2_000, floorMs: 1_000 }, 0), 2_000);
  });

  it("is up to a tenth shorter by chance, and never below the floor", () => {
    assert.equal(refreshInterval(300, {}, 1), 270_000);
    assert.equal(refreshInterval(62, {}, 1), 60_000);
  });
});
