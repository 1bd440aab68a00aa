import assert from "node:assert/strict";
import type { Metadata } from "@grpc/grpc-js";
import { denial, InterlockError } from "../base/error.js";
import type { Bot } from "../bot.js";
import type { ErrorInfo } from "../gen/google/rpc/status.js";
import type { Implementation } from "../server/handlers.js";
import { deferred } from "../testing/deferred.js";
import { serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { chooseTransport } from "../transport/choose-transport.js";
import type { Client } from "./client.js";
import type { ClientOptions } from "./client-options.js";
import { beginRetries } from "./retry.js";
import { createRetryBudget } from "./retry-budget.js";

const { methods } = EchoService;
const idempotency = "idempotent" as const;
const service = {
  ...EchoService,
  methods: {
    ...methods,
    echo: { ...methods.echo, idempotency },
    count: { ...methods.count, idempotency: "noSideEffects" as const },
    join: { ...methods.join, idempotency },
    chat: { ...methods.chat, idempotency },
  },
};

describe("calls of methods that their proto file declares idempotent", () => {
  let fleet: TestFleet;
  const bots: Bot[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
  });

  async function client(
    handlers: Partial<Implementation<typeof EchoService>>,
    options?: ClientOptions,
  ): Promise<Client<typeof service>> {
    const server = await serveEcho(fleet, handlers);
    const caller = await fleet.bot("caller/1");
    bots.push(server.bot, caller);
    return caller.client(service, server.address, options);
  }

  const read = async (answers: AsyncIterable<ErrorInfo>) => {
    const all = [];
    for await (const { reason } of answers) all.push(reason);
    return all;
  };
  const unavailable = () => new InterlockError("UNAVAILABLE", "Not now.");
  const attemptOf = (metadata: Metadata) => Number(metadata.get("grpc-previous-rpc-attempts")[0] ?? 0);

  it("are made again, up to three times, and the server is told", async () => {
    const seen: number[] = [];
    const echo = await client({
      echo({ reason }, { metadata }) {
        seen.push(attemptOf(metadata));
        if (seen.length < 3) throw unavailable();
        return { reason };
      },
      async *count(_request, { metadata }) {
        seen.push(attemptOf(metadata));
        if (seen.length < 2) throw unavailable();
        yield { reason: "a" };
      },
    });
    assert.equal((await echo.echo({ reason: "a" })).reason, "a");
    if (chooseTransport() === "wire") assert.deepEqual(seen, [0, 1, 2]);
    seen.length = 0;
    assert.deepEqual(await read(echo.count({})), ["a"]);
    assert.equal(seen.length, 2);
  });

  it("end with the error of the last attempt, of which the caller gets the trailers", async () => {
    let calls = 0;
    const echo = await client({
      echo(_request, { responseTrailers }) {
        responseTrailers.set("x-attempt", String(++calls));
        throw unavailable();
      },
    });
    const told: unknown[] = [];
    const onTrailers = (trailers: Metadata) => void told.push(...trailers.get("x-attempt"));
    await assert.rejects(echo.echo({}, { onTrailers }), { code: "UNAVAILABLE", message: "Not now." });
    assert.equal(calls, 3);
    if (chooseTransport() === "wire") assert.deepEqual(told, ["3"]);
  });

  it("are made again when a limit says when", async () => {
    let calls = 0;
    const echo = await client({
      echo() {
        if (++calls === 1) throw denial("RATE_LIMITED", "", { retryAfterMs: "20" });
        return {};
      },
    });
    await echo.echo({});
    assert.equal(calls, 2);
  });

  it("are made once where the same would come again, or the client says so, or the proto file does not", async () => {
    let calls = 0;
    const failing = (error: () => Error) => () => {
      calls++;
      throw error();
    };
    for (const [error, options] of [
      [() => new InterlockError("ABORTED", "x"), {}],
      [() => new InterlockError("RESOURCE_EXHAUSTED", "x"), {}],
      [
        () =>
          new InterlockError("RESOURCE_EXHAUSTED", "x", {
            reason: "Y",
            domain: "shop",
            metadata: { retryAfterMs: "1" },
          }),
        {},
      ],
      [() => denial("TRUST_STALE"), {}],
      [unavailable, { attempts: 1 }],
    ] as const) {
      calls = 0;
      const echo = await client({ echo: failing(error) }, options);
      await assert.rejects(echo.echo({}));
      assert.equal(calls, 1);
    }
    calls = 0;
    const echo = await client({
      reset: failing(unavailable),
      join: failing(unavailable),
      chat: failing(unavailable) as never,
    });
    await assert.rejects(echo.reset({}));
    await assert.rejects(echo.join([{}]));
    await assert.rejects(read(echo.chat([{}])));
    assert.equal(calls, 3);
  });

  it("are not made again after a message of the answer has come", async () => {
    let calls = 0;
    const echo = await client({
      async *count() {
        calls++;
        yield { reason: "first" };
        throw unavailable();
      },
    });
    const heard: string[] = [];
    await assert.rejects(
      async () => {
        for await (const { reason } of echo.count({})) heard.push(reason);
      },
      { code: "UNAVAILABLE" },
    );
    assert.deepEqual([calls, heard], [1, ["first"]]);
  });

  it("are not made again where the deadline would pass, nor after they are canceled", async () => {
    let calls = 0;
    const failed = deferred();
    const echo = await client({
      echo() {
        calls++;
        failed.resolve();
        throw denial("RATE_LIMITED", "", { retryAfterMs: "30000" });
      },
    });
    const startedAt = performance.now();
    await assert.rejects(echo.echo({}, { timeoutMs: 10_000 }), { reason: "RATE_LIMITED" });
    assert.ok(performance.now() - startedAt < 5_000);
    assert.equal(calls, 1);
    const leaving = new AbortController();
    const call = echo.echo({}, { timeoutMs: 60_000, signal: leaving.signal });
    const canceled = assert.rejects(call, { code: "CANCELLED" });
    await failed.promise;
    leaving.abort();
    await canceled;
  });

  it("are bounded together: an outage adds a tenth of the calls, and ten", async () => {
    const budget = createRetryBudget();
    const bounds = { deadline: Number.POSITIVE_INFINITY, signals: [AbortSignal.abort()] };
    assert.equal(await beginRetries(3, budget, bounds).again(unavailable()), false, "it is canceled");
    let again = 0;
    for (let call = 0; call < 1_000; call++) {
      budget.called();
      for (let attempt = 1; attempt < 3; attempt++) if (budget.take()) again++;
    }
    assert.ok(again >= 100 && again <= 111, String(again));
  });

  it("are made again at another server of the service", async () => {
    const one = await serveEcho(fleet, {
      echo: () => {
        throw unavailable();
      },
    });
    const two = await serveEcho(fleet, { echo: () => ({ reason: "two" }) });
    const caller = await fleet.bot("caller/1");
    bots.push(one.bot, two.bot, caller);
    const echo = caller.client(service, [one.address, two.address]);
    assert.equal((await echo.echo({})).reason, "two");
  });
});
