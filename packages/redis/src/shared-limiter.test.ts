import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createObservable } from "@interlock/bot";
import { createRateLimiter } from "@interlock/bot/internal";
import type { Lease } from "./lease-script.js";
import type { LimitsState, Link } from "./link.js";
import { batchOf, createSharedLimiter } from "./shared-limiter.js";

describe("a limiter over Redis", () => {
  /** A Redis whose buckets have as many tokens as they are given, and are never filled. */
  function fakeRedis(tokens: Record<string, number> = {}) {
    const state = createObservable<LimitsState>("shared");
    const asked: [bucket: string, count: number][] = [];
    const answers: (() => void)[] = [];
    let slow = false;
    const link: Link = {
      state,
      close() {},
      async take(bucket, _rate, count) {
        asked.push([bucket, count]);
        if (slow) await new Promise<void>((resolve) => answers.push(resolve));
        if (state.current() === "alone") return undefined;
        const name = bucket.slice(bucket.lastIndexOf(":") + 1);
        const there = tokens[name] ?? 0;
        const granted = Math.min(count, there);
        tokens[name] = there - granted;
        return { granted, waitMs: tokens[name] > 0 ? 0 : 7 } satisfies Lease;
      },
    };
    return {
      link,
      asked,
      tokens,
      state,
      hold() {
        slow = true;
      },
      answer() {
        for (const resolve of answers.splice(0)) resolve();
      },
    };
  }

  function limiterOver({ link }: { link: Link }, rate = { perSecond: 200, burst: 200 }, maximumKeys?: number) {
    const options = { link, prefix: "p", alone: createRateLimiter({ perSecond: 0.001, burst: 1 }), onUse() {} };
    return createSharedLimiter(rate, "caller", { ...options, ...(maximumKeys !== undefined && { maximumKeys }) });
  }

  it("takes batches that leave the others their share", () => {
    for (const [perSecond, burst, batch] of [
      [2_000, 4_000, 60],
      [10, 20, 1],
      [0.001, 1_000, 10],
      [1_000, 10, 5],
      [1_000, 1, 1],
    ] as const) {
      assert.equal(batchOf({ perSecond, burst }), batch, `${perSecond}, ${burst}`);
    }
  });

  it("asks once for a batch, and hands it out without waiting", async () => {
    const redis = fakeRedis({ a: 6 });
    const limiter = limiterOver(redis);
    assert.equal(await limiter.take("a", 0), 0);
    for (let i = 0; i < 3; i++) assert.equal(limiter.take("a", 0), 0);
    assert.deepEqual(redis.asked, [["p:caller:200+200:a", 4]]);
    assert.equal(await limiter.take("a", 0), 0);
    assert.equal(limiter.take("a", 0), 0);
    assert.equal(redis.asked.length, 2);
    assert.equal(limiter.take("a", 0), 10, "the answer said that there was no more");
  });

  it("asks once for all calls that wait, for each of them, and answers in order", async () => {
    const redis = fakeRedis({ a: 9 });
    const limiter = limiterOver(redis);
    redis.hold();
    const order: number[] = [];
    const calls = Array.from({ length: 12 }, async (_, i) => {
      const wait = await limiter.take("a", 5);
      order.push(i);
      return wait;
    });
    redis.answer();
    await nextTurn();
    assert.deepEqual(
      redis.asked.map(([, count]) => count),
      [4, 8],
    );
    redis.answer();
    assert.deepEqual(await Promise.all(calls), [...Array(9).fill(0), 10, 10, 10]);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
  });

  it("leaves an empty bucket alone for a moment, also when the clock is set back", async () => {
    const redis = fakeRedis();
    const limiter = limiterOver(redis);
    assert.equal(await limiter.take("a", 1_000), 10, "the pause, which is longer than the wait");
    assert.equal(limiter.take("a", 1_004), 6);
    assert.equal(await limiter.peek("a", 1_009), 1);
    assert.equal(redis.asked.length, 1);
    redis.tokens.a = 1;
    assert.equal(await limiter.take("a", 1_010), 0);
    assert.equal(await limiter.take("a", 2_000), 10);
    redis.tokens.a = 1;
    assert.equal(await limiter.take("a", 500), 0);
  });

  it("tells what would come, and takes nothing", async () => {
    const redis = fakeRedis({ a: 5 });
    const limiter = limiterOver(redis);
    assert.equal(await limiter.peek("a", 0), 0);
    assert.equal(redis.tokens.a, 5);
    await limiter.take("a", 0);
    assert.equal(await limiter.peek("a", 0), 0);
    assert.equal(redis.asked.length, 2);
    assert.equal(await limiter.peek("b", 0), 7);
    assert.equal(limiter.size, 1);
  });

  it("gives back what nobody asks for, and forgets the key", async () => {
    const redis = fakeRedis({ a: 100, b: 100 });
    const limiter = limiterOver(redis);
    await limiter.take("a", 0);
    await limiter.take("b", 0);
    await limiter.sweep();
    assert.deepEqual(redis.tokens, { a: 96, b: 96 });
    limiter.take("b", 0);
    await limiter.sweep();
    assert.deepEqual([limiter.size, redis.tokens], [1, { a: 99, b: 96 }]);
    await limiter.sweep();
    assert.deepEqual([limiter.size, redis.tokens], [0, { a: 99, b: 98 }]);
  });

  it("remembers a bounded number of keys, and never forgets a call that waits", async () => {
    const redis = fakeRedis({ a: 1, b: 1, c: 1 });
    const limiter = limiterOver(redis, undefined, 2);
    redis.hold();
    const calls = ["a", "b", "c"].map((key) => limiter.take(key, 0));
    assert.equal(limiter.size, 2);
    redis.answer();
    assert.deepEqual(await Promise.all(calls), [0, 0, 0]);
  });

  it("lets 10,000 calls wait, and refuses more", async () => {
    const redis = fakeRedis();
    const limiter = limiterOver(redis);
    redis.hold();
    const calls = Array.from({ length: 10_000 }, () => limiter.take("a", 0));
    assert.equal(limiter.take("b", 0), 10);
    redis.answer();
    await nextTurn();
    redis.answer();
    assert.ok((await Promise.all(calls)).every((wait) => wait > 0));
    assert.ok(limiter.take("b", 0) instanceof Promise);
  });

  it("has each call that waits decided alone when Redis is lost, and further ones at once", async () => {
    const redis = fakeRedis({ a: 100 });
    const limiter = limiterOver(redis);
    redis.hold();
    const calls = [limiter.take("a", 0), limiter.take("a", 0)];
    redis.state.replace("alone");
    redis.answer();
    assert.deepEqual(await Promise.all(calls), [0, 1_000_000]);
    assert.equal(limiter.take("b", 0), 0);
    assert.equal(limiter.take("b", 0), 1_000_000);
    assert.equal(redis.asked.length, 1);
  });
});
