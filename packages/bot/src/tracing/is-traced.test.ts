import assert from "node:assert/strict";
import { isTraced, readTracedCalls } from "./is-traced.js";

describe("the choice of what is traced", () => {
  it("is all calls but those with which a fleet keeps itself going", () => {
    assert.equal(isTraced("cafe.v1.GripperService"), true);
    assert.equal(isTraced("interlock.swarm.v1.OperatorService"), true);
    for (const service of ["interlock.authority.v1.AuthorityService", "grpc.health.v1.Health"]) {
      assert.equal(isTraced(service), false);
    }
  });

  it("is read from the environment, and says what it may be", () => {
    assert.deepEqual(["", undefined, "calls", "all", "off"].map(readTracedCalls), [
      "calls",
      "calls",
      "calls",
      "all",
      "off",
    ]);
    assert.throws(() => readTracedCalls("some"), { message: /INTERLOCK_TRACES is "some": set it to/ });
  });
});
