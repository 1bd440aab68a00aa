import assert from "node:assert/strict";
import { InterlockError } from "@interlock/bot";
import { createRateLimit } from "./rate-limit.js";

describe("rate limit", () => {
  const create = () => createRateLimit({ burst: 20, perSecond: 2 }, "too often; wait");
  const refused = (work: () => void, retryAfterMs: string) =>
    assert.throws(work, (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "RATE_LIMITED"]);
      assert.deepEqual(error.metadata, { retryAfterMs });
      assert.match(error.message, /too often; wait/);
      return true;
    });

  it("stops one after its burst, says when to come again, and lets it go on then; others are not stopped", () => {
    const limit = create();
    for (let i = 0; i < 20; i++) {
      limit.check("a", 0);
      limit.count("a", 0);
    }
    refused(() => limit.check("a", 0), "500");
    refused(() => limit.check("a", 300), "200");
    limit.check("b", 0);
    limit.check("a", 500);
    limit.count("a", 500);
    refused(() => limit.check("a", 500), "500");
  });

  it("does not make it worse to go on all the same, nor to have a clock that is set back", () => {
    const limit = create();
    for (let i = 0; i < 1_000; i++) limit.count("a", 10_000);
    refused(() => limit.check("a", 10_000), "500");
    refused(() => limit.check("a", 0), "500");
    limit.check("a", 10_500);
  });

  it("remembers 10,000, and forgets the one that was counted longest ago", () => {
    const limit = createRateLimit({ burst: 1, perSecond: 1 }, "wait");
    limit.count("first", 0);
    limit.count("second", 0);
    for (let i = 0; i < 9_998; i++) limit.count(String(i), 0);
    refusedOnce("first");
    limit.count("one more", 0);
    limit.check("first", 0);
    refusedOnce("second");

    function refusedOnce(key: string) {
      assert.throws(() => limit.check(key, 0));
    }
  });
});
