import assert from "node:assert/strict";
import { type RedisServer, startRedis } from "@interlock/testing-redis";
import { type Connection, openConnection } from "./connection.js";
import { readRedisUrl } from "./redis-address.js";
import { describeRedis } from "./testing/describe-redis.js";

describeRedis("a bucket in Redis", () => {
  let redis: RedisServer;
  let connection: Connection;
  before(async () => {
    redis = await startRedis();
    connection = await openConnection(readRedisUrl(redis.url), { connectMs: 10_000 });
  });
  after(async () => {
    connection.destroy();
    await redis.stop();
  });

  const slow = { perSecond: 0.001, burst: 10 };
  const granted = async (key: string, count: number, rate = slow) => (await connection.take(key, rate, count)).granted;

  it("gives what there is, and says how long there is nothing", async () => {
    assert.deepEqual(await connection.take("a", slow, 4), { granted: 4, waitMs: 0 });
    const { granted, waitMs } = await connection.take("a", slow, 99);
    assert.equal(granted, 6);
    assert.ok(waitMs > 900_000 && waitMs <= 1_000_000, `${waitMs} ms`);
    assert.equal((await connection.take("a", slow, 1)).granted, 0);
    const looked = await connection.take("fresh", slow, 0);
    assert.deepEqual(looked, { granted: 0, waitMs: 0 });
    assert.equal(await redis.ask("EXISTS", "fresh"), ":0\r\n");
  });

  it("takes tokens back, and never becomes more than full", async () => {
    assert.equal(await granted("b", 10), 10);
    assert.equal(await granted("b", -3), -3);
    assert.equal(await granted("b", 10), 3);
    assert.equal(await granted("b", -1_000), -1_000);
    assert.equal(await redis.ask("EXISTS", "b"), ":0\r\n", "a full bucket takes no room");
    assert.equal(await granted("b", 99), 10);
  });

  it("is filled by the clock of Redis, and expires when it is full", async () => {
    const quick = { perSecond: 100_000, burst: 10 };
    assert.equal(await granted("c", 10, quick), 10);
    while ((await redis.ask("EXISTS", "c")) !== ":0\r\n");
    assert.equal(await granted("c", 99, quick), 10);
    assert.equal(await granted("d", 10), 10);
    const ttl = Number((await redis.ask("PTTL", "d")).slice(1));
    assert.ok(ttl > 9_900_000 && ttl <= 10_000_000, `${ttl} ms`);
  });

  it("keeps the part of a token", async () => {
    const thirds = { perSecond: 3_000, burst: 1_000_000_000 };
    assert.equal(await granted("e", 1_000_000_000, thirds), 1_000_000_000);
    const before = BigInt((await redis.ask("GET", "e")).split("\r\n")[1]?.split(".")[0] ?? "");
    await connection.take("e", thirds, 0);
    assert.ok(before > 10n ** 15n, "as many digits as a time in microseconds has");
  });

  it("is at worst empty when the clock of Redis was set back, or when something else stands there", async () => {
    await redis.ask("SET", "f", "9999999999999999");
    const { granted: none, waitMs } = await connection.take("f", slow, 1);
    assert.deepEqual([none, waitMs <= 1_000_000], [0, true]);
    await redis.ask("SET", "g", "no number");
    assert.equal(await granted("g", 99), 10);
  });
});
