import assert from "node:assert/strict";
import type { AnyMethod } from "@interlock/policy";
import type { Caller } from "../context.js";
import { EchoService } from "../testing/test-fleet.js";
import type { Attempt } from "./attempt.js";
import { createLimitRate } from "./limit-rate.js";

describe("the rate limit", () => {
  const caller = (name: string) => ({ name }) as Caller;
  const { echo, open } = EchoService.methods;
  const limited = (perSecond: number, burst: number): AnyMethod => ({
    ...echo,
    policy: { ...echo.policy, rate: { perSecond, burst } },
  });
  const attempt = (method: AnyMethod, now: number) => ({ method, now }) as Attempt;

  /** How many of `calls` calls get through at `now`. */
  function count(
    limit: ReturnType<typeof createLimitRate>,
    method: AnyMethod,
    name: string,
    now: number,
    calls = 20,
  ): number {
    let admitted = 0;
    for (let i = 0; i < calls; i++) {
      try {
        limit(attempt(method, now), caller(name));
        admitted++;
      } catch (error) {
        assert.equal((error as { reason: string }).reason, "RATE_LIMITED");
      }
    }
    return admitted;
  }

  it("lets a burst through, then as many as the rate gives", () => {
    const [limit, method] = [createLimitRate(), limited(2, 5)];
    assert.equal(count(limit, method, "a", 0), 5);
    assert.equal(count(limit, method, "a", 499), 0);
    assert.equal(count(limit, method, "a", 1_000), 2);
    assert.equal(count(limit, method, "a", 1_000_000), 5, "no more than the burst is saved up");
  });

  it("counts each caller and each method by itself", () => {
    const [limit, one, other] = [createLimitRate(), limited(1, 3), limited(1, 4)];
    assert.equal(count(limit, one, "a", 0), 3);
    assert.equal(count(limit, one, "b", 0), 3);
    assert.equal(count(limit, other, "a", 0), 4);
    assert.equal(count(limit, open, "a", 0), 20, "a method without a rate");
  });

  it("gives nothing for a clock that goes back", () => {
    const [limit, method] = [createLimitRate(), limited(1, 2)];
    assert.equal(count(limit, method, "a", 10_000), 2);
    assert.equal(count(limit, method, "a", 0), 0);
    assert.equal(count(limit, method, "a", 1_000), 1);
  });

  it("keeps 10,000 callers, and starts the oldest of more afresh", () => {
    const [limit, method] = [createLimitRate(), limited(1, 1)];
    for (let i = 0; i < 10_000; i++) assert.equal(count(limit, method, `${i}`, 0, 1), 1);
    assert.equal(count(limit, method, "0", 0, 1), 0);
    assert.equal(count(limit, method, "one more", 0, 1), 1);
    assert.equal(count(limit, method, "1", 0, 1), 0);
    assert.equal(count(limit, method, "0", 0, 1), 1);
  });

  it("says when to try again", () => {
    const [limit, method] = [createLimitRate(), limited(4, 1)];
    limit(attempt(method, 0), caller("a"));
    assert.throws(() => limit(attempt(method, 50), caller("a")), {
      code: "RESOURCE_EXHAUSTED",
      message: /: 4 calls a second are allowed$/,
      metadata: { retryAfterMs: "200" },
    });
  });
});
