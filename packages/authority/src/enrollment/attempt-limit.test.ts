import assert from "node:assert/strict";
import { createAttemptLimit } from "./attempt-limit.js";

describe("attempt limit", () => {
  it("stops an address after 20 failures, and lets it in again after a while", () => {
    const limit = createAttemptLimit();
    for (let i = 0; i < 20; i++) {
      limit.check(`10.0.0.1:${i}`, 0);
      limit.failed(`10.0.0.1:${i}`, 0);
    }
    assert.throws(() => limit.check("10.0.0.1:9", 0), /too many attempts/);
    limit.check("10.0.0.2:9", 0);
    limit.check("10.0.0.1:9", 1_000);
    limit.failed("10.0.0.1:9", 1_000);
    assert.throws(() => limit.check("10.0.0.1:9", 1_000));
  });

  it("keeps 10,000 addresses, and forgets the one that failed longest ago", () => {
    const limit = createAttemptLimit();
    const fail = (host: string) => {
      for (let i = 0; i < 20; i++) limit.failed(`${host}:1`, 0);
    };
    for (let i = 0; i < 10_000; i++) fail(`host-${i}`);
    assert.throws(() => limit.check("host-0:1", 0));
    fail("one-more");
    limit.check("host-0:1", 0);
    assert.throws(() => limit.check("host-1:1", 0));
  });

  it("takes nothing from a clock that goes back", () => {
    const limit = createAttemptLimit();
    limit.failed("10.0.0.1:1", 60_000);
    limit.check("10.0.0.1:2", 0);
  });
});
