import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Forked, forkProcess } from "@interlock/testing-processes";
import { type RedisServer, startRedis } from "@interlock/testing-redis";
import { describeRedis } from "./testing/describe-redis.js";
import type { FloodAnswer, FloodAsk } from "./testing/flood-process.js";

const rate = { perSecond: 1_000, burst: 2_000 };

describeRedis("two processes that flood one limit", () => {
  let redis: RedisServer;
  let processes: Forked<FloodAsk, FloodAnswer>[];
  beforeEach(async () => {
    redis = await startRedis();
    const url = new URL("./testing/flood-process.js", import.meta.url);
    processes = ["one", "two"].map((name) => forkProcess<FloodAsk, FloodAnswer>(url, name));
  });
  afterEach(async () => {
    await Promise.all(processes.map((process) => process.stop()));
    await redis.stop();
  });

  /** The time of Redis, in seconds. */
  async function time(): Promise<number> {
    const [, seconds, micros] = /\r\n(\d{9,})\r\n\$\d+\r\n(\d+)\r\n/.exec(await redis.ask("TIME")) ?? [];
    return Number(seconds) + Number(micros) / 1_000_000;
  }

  it("are let through what one may, within 5 %, and ask Redis for few of their calls", async () => {
    const all = (ask: FloodAsk) => Promise.all(processes.map((process) => process.ask(ask)));
    await all({ step: "open", url: redis.url, ...rate });
    const before = await time();
    await all({ step: "flood" });
    const begun = await time();
    await sleep(3_000);
    const ending = await time();
    const counts = await all({ step: "stop" });
    const ended = await time();

    const allowed = counts.reduce((sum, count) => sum + count.allowed, 0);
    const most = rate.burst + rate.perSecond * (ended - before);
    const least = rate.burst + rate.perSecond * (ending - begun);
    const told = `${allowed} of ${least.toFixed()} to ${most.toFixed()}: ${JSON.stringify(counts)}`;
    assert.ok(allowed <= most * 1.05, told);
    assert.ok(allowed >= least * 0.95, told);
    assert.ok(
      counts.every(({ refused, wasAlone }) => refused > 0 && !wasAlone),
      told,
    );
    const [, asked] = /cmdstat_evalsha:calls=(\d+)/.exec(await redis.ask("INFO", "commandstats")) ?? [];
    assert.ok(Number(asked) < allowed / 2, `${asked} requests for ${told}`);
  });
});
