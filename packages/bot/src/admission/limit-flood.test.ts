import assert from "node:assert/strict";
import type { Rate } from "@interlock/policy";
import type { InterlockError } from "../base/error.js";
import { createRateLimiter, type RateLimiter } from "../base/rate-limiter.js";
import type { Connection } from "./connection.js";
import { createLimitFlood, defaultCallerRate } from "./limit-flood.js";
import { createPatience } from "./patience.js";

describe("the flood limit", () => {
  const inMemory = (rate: Rate) => createLimitFlood(rate, createRateLimiter(rate), createPatience());

  function connectionOf(name: string) {
    const cuts: InterlockError[] = [];
    const connection = { peer: { name }, cut: (error: InterlockError) => cuts.push(error) } as unknown as Connection;
    return { connection, cuts };
  }

  /** How many of `calls` calls get through at `now`. */
  function count(limit: ReturnType<typeof createLimitFlood>, connection: Connection, now: number, calls: number) {
    let admitted = 0;
    for (let i = 0; i < calls; i++) {
      try {
        limit({ connection, now });
        admitted++;
      } catch (error) {
        assert.equal((error as InterlockError).reason, "RATE_LIMITED");
        assert.equal((error as InterlockError).code, "RESOURCE_EXHAUSTED");
      }
    }
    return admitted;
  }

  it("counts a bot's calls over all its connections, and each bot by itself", () => {
    const limit = inMemory({ perSecond: 10, burst: 20 });
    const [one, two, other] = [connectionOf("a"), connectionOf("a"), connectionOf("b")];
    assert.equal(count(limit, one.connection, 0, 15), 15);
    assert.equal(count(limit, two.connection, 0, 15), 5);
    assert.equal(count(limit, other.connection, 0, 15), 15);
    assert.equal(count(limit, one.connection, 1_000, 15), 10);
  });

  it("admits 4,000 calls at once by default, and then 2,000 a second", () => {
    const limit = inMemory(defaultCallerRate);
    const { connection } = connectionOf("a");
    assert.equal(count(limit, connection, 0, 4_500), 4_000);
    assert.equal(count(limit, connection, 1_000, 2_500), 2_000);
  });

  it("says when to try again", () => {
    const limit = inMemory({ perSecond: 4, burst: 1 });
    const { connection } = connectionOf("a");
    limit({ connection, now: 0 });
    assert.throws(() => limit({ connection, now: 50 }), {
      message: /: one bot may make 4 calls a second in all$/,
      metadata: { retryAfterMs: "200" },
    });
  });

  it("waits for a limiter that answers later", async () => {
    const waits = [0, 250];
    const limiter: RateLimiter = { take: async () => waits.shift() ?? 1, peek: () => 0 };
    const limit = createLimitFlood({ perSecond: 1, burst: 1 }, limiter, createPatience());
    const { connection, cuts } = connectionOf("a");
    assert.equal(await limit({ connection, now: 0 }), undefined);
    await assert.rejects(async () => limit({ connection, now: 0 }), { metadata: { retryAfterMs: "250" } });
    for (let i = 0; i < 999; i++) await assert.rejects(async () => limit({ connection, now: 0 }));
    assert.equal(cuts.length, 1);
  });

  it("cuts a connection off after a thousand refusals, and no sooner", () => {
    const limit = inMemory({ perSecond: 1, burst: 1 });
    const { connection, cuts } = connectionOf("a");
    count(limit, connection, 0, 1_000);
    assert.equal(cuts.length, 0);
    count(limit, connection, 0, 1);
    assert.deepEqual(
      cuts.map(({ reason }) => reason),
      ["RATE_LIMITED"],
    );
  });

  it("counts the refusals of a bot over all its connections, and gives it time", () => {
    const limit = inMemory({ perSecond: 1, burst: 1 });
    const [one, other] = [connectionOf("a"), connectionOf("a")];
    count(limit, one.connection, 0, 600);
    count(limit, other.connection, 0, 400);
    assert.deepEqual([one.cuts.length, other.cuts.length], [0, 0]);
    count(limit, other.connection, 0, 1);
    assert.deepEqual([one.cuts.length, other.cuts.length], [0, 1]);
    count(limit, one.connection, 5_000, 400);
    assert.equal(one.cuts.length, 0, "a hundred a second are borne for ever");
  });
});
