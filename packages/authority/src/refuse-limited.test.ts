import assert from "node:assert/strict";
import { InterlockError } from "@interlock/bot";
import { refuseLimited } from "./refuse-limited.js";

describe("what a limiter does not allow", () => {
  it("is refused with the time to wait, and what to do; what it allows is not", () => {
    refuseLimited(0, "too often; wait");
    assert.throws(
      () => refuseLimited(500, "too often; wait"),
      (error) => {
        assert.ok(error instanceof InterlockError);
        assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "RATE_LIMITED"]);
        assert.deepEqual(error.metadata, { retryAfterMs: "500" });
        assert.match(error.message, /too often; wait/);
        return true;
      },
    );
  });
});
