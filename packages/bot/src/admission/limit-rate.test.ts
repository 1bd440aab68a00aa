import assert from "node:assert/strict";
import type { AnyMethod } from "@interlock/policy";
import { createRateLimiter } from "../base/rate-limiter.js";
import { EchoService } from "../testing/test-fleet.js";
import type { Connection } from "./connection.js";
import { createLimitRate } from "./limit-rate.js";
import { createPatience } from "./patience.js";

describe("the rate limit", () => {
  const connectionOf = (name: string, cut = () => {}) => ({ peer: { name }, cut }) as unknown as Connection;
  const other = connectionOf("gateway/1");

  const inMemory = () => createLimitRate((rate) => createRateLimiter(rate), createPatience());
  const { echo, open } = EchoService.methods;
  const limited = (perSecond: number, burst: number, path: string = echo.path): AnyMethod => ({
    ...echo,
    path,
    policy: { ...echo.policy, rate: { perSecond, burst } },
  });

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
        limit({ method, now, connection: other }, { name });
        admitted++;
      } catch (error) {
        assert.equal((error as { reason: string }).reason, "RATE_LIMITED");
      }
    }
    return admitted;
  }

  it("lets a burst through, then as many as the rate gives", () => {
    const [limit, method] = [inMemory(), limited(2, 5)];
    assert.equal(count(limit, method, "a", 0), 5);
    assert.equal(count(limit, method, "a", 499), 0);
    assert.equal(count(limit, method, "a", 1_000), 2);
    assert.equal(count(limit, method, "a", 1_000_000), 5, "no more than the burst is saved up");
  });

  it("counts each caller and each method by itself", () => {
    const [limit, one, other] = [inMemory(), limited(1, 3), limited(1, 4, "/echo.v1/Other")];
    assert.equal(count(limit, one, "a", 0), 3);
    assert.equal(count(limit, one, "b", 0), 3);
    assert.equal(count(limit, other, "a", 0), 4);
    assert.equal(count(limit, open, "a", 0), 20, "a method without a rate");
  });

  it("gives nothing for a clock that goes back", () => {
    const [limit, method] = [inMemory(), limited(1, 2)];
    assert.equal(count(limit, method, "a", 10_000), 2);
    assert.equal(count(limit, method, "a", 0), 0);
    assert.equal(count(limit, method, "a", 1_000), 1);
  });

  it("keeps 10,000 callers, and starts the one afresh that called longest ago", () => {
    const [limit, method] = [inMemory(), limited(1, 1)];
    for (let i = 0; i < 10_000; i++) assert.equal(count(limit, method, `${i}`, 0, 1), 1);
    assert.equal(count(limit, method, "0", 0, 1), 0);
    assert.equal(count(limit, method, "one more", 0, 1), 1);
    assert.equal(count(limit, method, "0", 0, 1), 0);
    assert.equal(count(limit, method, "2", 0, 1), 0);
    assert.equal(count(limit, method, "1", 0, 1), 1);
  });

  it("waits for a limiter that answers later, made once for each method, with its path", async () => {
    const made: unknown[] = [];
    const waits = [0, 250];
    const limit = createLimitRate((rate, purpose) => {
      made.push([rate, purpose]);
      return { take: async () => waits.shift() ?? 1, peek: () => 0 };
    }, createPatience());
    const method = limited(4, 1);
    assert.equal(await limit({ method, now: 0, connection: other }, { name: "a" }), undefined);
    await assert.rejects(async () => limit({ method, now: 0, connection: other }, { name: "a" }), {
      reason: "RATE_LIMITED",
      metadata: { retryAfterMs: "250" },
    });
    assert.deepEqual(made, [[{ perSecond: 4, burst: 1 }, echo.path]]);
  });

  it("says when to try again", () => {
    const [limit, method] = [inMemory(), limited(4, 1)];
    limit({ method, now: 0, connection: other }, { name: "a" });
    assert.throws(() => limit({ method, now: 50, connection: other }, { name: "a" }), {
      code: "RESOURCE_EXHAUSTED",
      message: /: 4 calls a second are allowed$/,
      metadata: { retryAfterMs: "200" },
    });
  });

  it("costs a bot its connection after 1,000 refusals, and a bot that calls for another none", () => {
    const [limit, method] = [inMemory(), limited(1, 1)];
    let cuts = 0;
    const own = connectionOf("a", () => cuts++);
    const refused = (connection: Connection, calls: number) => {
      for (let i = 0; i < calls; i++) assert.throws(() => limit({ method, now: 0, connection }, { name: "a" }));
    };
    limit({ method, now: 0, connection: own }, { name: "a" });
    refused(
      connectionOf("gateway/1", () => assert.fail("the gateway is cut off")),
      2_000,
    );
    refused(own, 999);
    assert.equal(cuts, 0);
    refused(own, 2);
    assert.equal(cuts, 2);
  });
});
