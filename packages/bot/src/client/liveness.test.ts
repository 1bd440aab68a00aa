import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bot } from "../bot.js";
import { deferred } from "../testing/deferred.js";
import { serveEcho } from "../testing/echo-server.js";
import { createRelay, type Relay } from "../testing/relay.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

const connections = { silenceMs: 100, answerMs: 400 };
const service = { ...EchoService, servedBy: ["echo/*"] };

describe("a server that vanishes without a word", () => {
  let fleet: TestFleet;
  let caller: Bot;
  let server: Awaited<ReturnType<typeof serveEcho>>;
  let wire: Relay;
  let answer: () => Promise<object>;

  beforeEach(async () => {
    fleet = await createTestFleet();
    caller = await fleet.bot("caller/1", undefined, { connections });
    answer = async () => ({ reason: "here" });
    server = await serveEcho(fleet, {
      echo: () => answer() as never,
      async *chat(requests) {
        for await (const request of requests) yield request as never;
      },
      async *count() {
        yield { reason: "one" };
        await new Promise(() => {});
      },
    });
    wire = await createRelay(Number(server.address.split(":").at(-1)));
  });
  afterEach(async () => {
    wire.mend();
    await Promise.all([caller.close(0), server.bot.close(0)]);
    await wire.close();
  });

  it("is noticed while calls wait, on a connection and on one that is being made; and it may come back", async () => {
    const client = caller.client(service, wire.address);
    const call = () => client.echo({ reason: "" }, { timeoutMs: 10_000 });
    assert.equal((await call()).reason, "here");
    wire.cut();
    for (const connection of ["the old one", "a new one"]) {
      const began = performance.now();
      await assert.rejects(Promise.all([call(), call()]), {
        code: "UNAVAILABLE",
        reason: "SERVER_UNREACHABLE",
        message: /nothing has come from 127\.0\.0\.1:\d+ for 0\.5 s/,
      });
      assert.ok(performance.now() - began < 5_000, connection);
    }
    wire.mend();
    assert.equal((await call()).reason, "here");
  });

  it("is noticed by calls with deadlines of their own, and by one after the other", async () => {
    const client = caller.client(service, wire.address);
    await client.echo({ reason: "" });
    wire.cut();
    const reasons: (string | undefined)[] = [];
    while (!reasons.includes("SERVER_UNREACHABLE") && reasons.length < 50) {
      await client.echo({ reason: "" }, { timeoutMs: 150 }).catch((error) => reasons.push(error.reason));
    }
    assert.equal(reasons.at(-1), "SERVER_UNREACHABLE");
  });

  it("is noticed by what is written to a stream", async () => {
    const client = caller.client(service, wire.address);
    const end = deferred();
    async function* requests() {
      yield { reason: "1" };
      await end.promise;
      yield { reason: "2" };
      await new Promise(() => {});
    }
    const answers = client.chat(requests())[Symbol.asyncIterator]();
    assert.equal((await answers.next()).value?.reason, "1");
    wire.cut();
    end.resolve();
    await assert.rejects(answers.next(), { reason: "SERVER_UNREACHABLE" });
  });

  it("is another server than one that takes its time, or has nothing to say", async () => {
    const client = caller.client(service, wire.address);
    const later = deferred();
    const waiting = deferred();
    answer = async () => {
      waiting.resolve();
      await later.promise;
      return { reason: "late" };
    };
    const counting = client.count({ reason: "" })[Symbol.asyncIterator]();
    await counting.next();
    const answered = client.echo({ reason: "" });
    await waiting.promise;
    const before = wire.sent;
    await sleep(1_500); // Three times what would count as vanished.
    assert.ok(wire.sent > before, "it was not asked");
    later.resolve();
    assert.equal((await answered).reason, "late");
    await sleep(300);
    const asked = wire.sent;
    await sleep(500);
    assert.equal(wire.sent, asked, "a stream that is silent was asked about");
    await counting.return?.(undefined);
  });

  it("is another server than one that drains: it takes no question, and its silent calls end as they would", async () => {
    const client = caller.client(service, server.address);
    const [later, waiting] = [deferred(), deferred()];
    answer = async () => {
      waiting.resolve();
      await later.promise;
      return { reason: "late" };
    };
    const answered = client.echo({ reason: "" });
    await waiting.promise;
    const closed = server.bot.close(60_000);
    // Three times what would count as vanished, unless the call has ended before.
    await Promise.race([sleep(1_500), answered]);
    later.resolve();
    assert.equal((await answered).reason, "late");
    await closed;
  });

  it("refuses times that are none", async () => {
    for (const silenceMs of [0, -1, Number.NaN, "2s" as unknown as number]) {
      await assert.rejects(fleet.bot("x/1", undefined, { connections: { silenceMs } }), /connections\.silenceMs is/);
    }
    const patient = await fleet.bot("x/1", undefined, { connections: { silenceMs: Number.POSITIVE_INFINITY } });
    await patient.close(0);
  });
});
