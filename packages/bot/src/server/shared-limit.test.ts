import assert from "node:assert/strict";
import { constants } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type CreateRateLimiter, createRateLimiter, type RateLimiter } from "../base/rate-limiter.js";
import type { Bot } from "../bot.js";
import { deferred } from "../testing/deferred.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

describe("two servers that share a limit", () => {
  let fleet: TestFleet;
  let bots: Bot[];

  beforeEach(async () => {
    fleet = await createTestFleet();
    bots = [];
  });
  afterEach(() => Promise.all(bots.map((bot) => bot.close(0))));

  async function serve(name: string, createLimiter: CreateRateLimiter) {
    const bot = await fleet.bot(name);
    bots.push(bot);
    return bot.serve({ port: 0, createLimiter }, (routes) =>
      routes.add(EchoService, {
        echo: (request) => request,
        async *count() {},
        async join(requests) {
          for await (const _ of requests);
          return {};
        },
        async *chat() {},
        open: () => ({}),
        reset: () => ({}),
      }),
    );
  }

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
        const { address } = await serve(name, createLimiter);
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

  it("take a stream of requests that has ended while it waits for a limiter as a whole one", async () => {
    const asked = [deferred(), deferred()];
    const answer = deferred<number>();
    let times = 0;
    const take = () => {
      asked[times++]?.resolve();
      return answer.promise;
    };
    const { port } = await serve("echo/1", () => ({ take, peek: take }));
    const caller = await fleet.ca.issue("spiffe://test/caller/1");
    const session = rawSession(port, shows(caller));
    const authorization = `Bearer ${await fleet.token(caller, EchoService.name, ["echo:call"])}`;
    // The end of another library's stream is doubted for a while.
    const headers = { authorization, "user-agent": "interlock/test" };
    const call = rawCall(session, EchoService.methods.join.path, headers);
    await asked[0]?.promise;
    const control = rawCall(session, EchoService.methods.open.path);
    await asked[1]?.promise; // The end was sent before, so it has been read.
    answer.resolve(0);
    assert.equal((await call).status, 0);
    await control;
    session.destroy();
  });

  it("outlive a reset, with any code, of a stream that waits for a limiter", async () => {
    const asked = [deferred(), deferred()];
    const answer = deferred<number>();
    let times = 0;
    const take = () => {
      asked[times++]?.resolve();
      return answer.promise;
    };
    const { port } = await serve("echo/1", () => ({ take, peek: take }));
    const session = rawSession(port, shows(await fleet.ca.issue("spiffe://test/caller/1")));
    const headers = {
      ":method": "POST",
      "content-type": "application/grpc",
      te: "trailers",
      ":path": "/no.Such/Method",
    };
    const stream = session.request(headers).on("error", () => {});
    await asked[0]?.promise;
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    const control = rawCall(session, "/no.Such/Other");
    await asked[1]?.promise; // The reset was sent before, so it has been read.
    answer.resolve(0);
    assert.equal((await control).status, 12);
    session.destroy();
  });
});
