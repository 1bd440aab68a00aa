import assert from "node:assert/strict";
import { runAudit } from "../run-audit.js";
import { cafe } from "./cafe-fleet.js";
import { fleetWith } from "./fleet.js";

describe("the cafe", () => {
  it("is in order: no rule finds anything", () => assert.deepEqual(runAudit(fleetWith(cafe)).findings, []));

  it("has calls on each of their days", () => {
    const { fleet } = fleetWith(cafe);
    for (const sum of fleet.usage) {
      const days = fleet.days.filter(
        ({ method, caller, bot }) => method === sum.method && caller === sum.caller && bot === sum.bot,
      );
      assert.equal(
        days.reduce((total, { count }) => total + count, 0),
        sum.count,
      );
      assert.ok(days.length > 55);
    }
  });
});
