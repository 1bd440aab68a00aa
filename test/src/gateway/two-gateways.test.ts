import assert from "node:assert/strict";
import type { Bot } from "@interlock/bot";
import { InterlockError, silentLog } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { redisLimits } from "@interlock/redis";
import { findRedis, type RedisServer, startRedis } from "@interlock/testing-redis";
import { type GatewayStage, gatewayStage } from "./gateway-stage.js";

/** So slow that nothing is added during the test. */
const callerRate = { perSecond: 0.001, burst: 400 };

/** How far what two gateways let through may be from the limit. */
const tolerance = 0.05;

describe("two gateways over one Redis", () => {
  let stage: GatewayStage;
  let redis: RedisServer;
  const ends: (() => unknown)[] = [];

  before(async function () {
    if (!findRedis()) {
      console.log("skipped: two gateways over one Redis: there is no redis-server here (Debian: redis-server)");
      this.skip();
    }
    redis = await startRedis();
    stage = await gatewayStage();
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
    await stage?.end();
    await redis?.stop();
  });

  /** Calls through both in turn until each has refused, and counts the calls that went through. */
  async function flood(caller: Bot, addresses: readonly string[]): Promise<{ passed: number; refused: number }> {
    const clients = addresses.map((address) => caller.client(EchoService, address, { server: "gateway/*" }));
    let passed = 0;
    let refused = 0;
    for (let i = 0; i < callerRate.burst; i++) {
      const calls = clients.map((client) => client.echo({ reason: `${i}` }));
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === "fulfilled") passed++;
        else {
          const { reason, code } = InterlockError.from(result.reason);
          assert.deepEqual([code, reason], ["RESOURCE_EXHAUSTED", "RATE_LIMITED"]);
          refused++;
        }
      }
    }
    return { passed, refused };
  }

  it("hold one limit of a bot together, within 5 %, and another bot has its own", async () => {
    const { address } = await stage.serve("echo/1");
    const gateways = [];
    for (const name of ["gateway/1", "gateway/2"]) {
      const limits = await redisLimits({ url: redis.url, prefix: "gateway", timeoutMs: 10_000, log: silentLog });
      ends.push(limits.close);
      const { createLimiter } = limits;
      gateways.push(await stage.gateway(name, { addresses: [address], createLimiter, callerRate }));
    }
    const addresses = gateways.map((gateway) => gateway.address);
    const flooding = await flood(await stage.joinAs("caller/1"), addresses);
    assert.ok(
      Math.abs(flooding.passed - callerRate.burst) <= tolerance * callerRate.burst,
      `${flooding.passed} passed`,
    );
    assert.equal(flooding.passed + flooding.refused, 2 * callerRate.burst);
    const other = (await stage.joinAs("caller/2")).client(EchoService, addresses[0] ?? "", { server: "gateway/*" });
    assert.equal((await other.echo({ reason: "other" })).reason, "other");
  });
});
