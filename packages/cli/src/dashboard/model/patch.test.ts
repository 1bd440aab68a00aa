import assert from "node:assert/strict";
import { syntheticFleet } from "../testing/synthetic-fleet.js";
import { createFleetView } from "./fleet.js";
import { applyPatch, diff } from "./patch.js";

describe("a patch", () => {
  it("leads from any view to any other, has only what has changed, and is nothing for equal ones", () => {
    const views = [createFleetView("a", "b"), syntheticFleet(30, 1_000_000_000), syntheticFleet(50, 1_000_060_000)];
    for (const from of views) {
      for (const to of views) {
        const patch = diff(from, to);
        const view = structuredClone(from);
        if (patch) applyPatch(view, structuredClone(patch));
        assert.equal(patch === undefined, from === to);
        assert.deepEqual(view.tables, to.tables);
        if (to.status) assert.deepEqual(view.status, to.status);
        assert.deepEqual(view.link, to.link);
      }
    }
    const [, before] = views;
    assert.ok(before);
    const after = structuredClone(before);
    const [bot] = Object.values(after.tables.bots);
    assert.ok(bot);
    after.tables.bots[bot.key] = { ...bot, online: !bot.online };
    after.leftOut = { bots: 3 };
    assert.deepEqual(diff(before, after), {
      leftOut: { bots: 3 },
      put: { bots: [after.tables.bots[bot.key]] },
      drop: {},
    });
  });
});
