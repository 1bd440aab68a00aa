import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type CreateRateLimiter, createRateLimiter, type RateLimiter } from "../base/rate-limiter.js";
import type { Bot } from "../bot.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

describe("two servers that share a limit", () => {
  let fleet: TestFleet;
  let bots: Bot[];

  beforeEach(async () => {
    fleet = await createTestFleet();
    bots = [];
  });
  afterEach(() => Promise.all(bots.map((bot) => bot.close(0))));

  it("refuse a bot together what each would have allowed, through limiters that answer later", async () => {
    const store = createRateLimiter({ perSecond: 0.001, burst: 3 });
    const created: string[] = [];
    const createLimiter: CreateRateLimiter = (_rate, purpose): RateLimiter => {
      created.push(purpose);
      const later = async (work: () => number) => {
        await nextTurn();
        return work();
      };
      return {
        take: (key, now) => later(() => store.take(`${purpose} ${key}`, now)),
        peek: (key, now) => later(() => store.peek(`${purpose} ${key}`, now)),
      };
    };
    const caller = await fleet.bot("caller/1");
    bots.push(caller);
    const clients = await Promise.all(
      ["echo/1", "echo/2"].map(async (name) => {
        const bot = await fleet.bot(name, undefined, { createLimiter });
        bots.push(bot);
        const { address } = await bot.serve({ port: 0 }, (routes) =>
          routes.add(EchoService, {
            echo: (request) => request,
            async *count() {},
            join: () => ({}),
            async *chat() {},
            open: () => ({}),
            reset: () => ({}),
          }),
        );
        return caller.client(EchoService, address);
      }),
    );
    for (const i of [0, 1, 0]) assert.equal((await clients[i]?.echo({ reason: "hi" }))?.reason, "hi");
    for (const i of [0, 1]) {
      await assert.rejects(async () => clients[i]?.echo({ reason: "hi" }), {
        code: "RESOURCE_EXHAUSTED",
        reason: "RATE_LIMITED",
      });
    }
    assert.deepEqual(created, ["caller", "caller"]);
  });
});
