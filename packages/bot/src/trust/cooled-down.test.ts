import assert from "node:assert/strict";
import { createCooledDown } from "./cooled-down.js";

describe("createCooledDown", () => {
  it("runs once for all calls meanwhile, and not again until it has cooled down", async () => {
    let now = 0;
    let runs = 0;
    const run = createCooledDown(10, { now: () => now }, async () => {
      runs++;
      if (runs === 2) throw new Error("no");
    });
    assert.deepEqual(await Promise.all([run(), run(), run()]), [true, true, true]);
    assert.equal(await run(), false);
    now = 9;
    assert.equal(await run(), false);
    assert.equal(runs, 1);
    now = 10;
    assert.equal(await run(), true, "a failure is not theirs");
    assert.equal(runs, 2);
  });
});
