import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { InterlockError } from "../base/error.js";
import type { Bot, ServeOptions } from "../bot.js";
import type { Client } from "../client/client.js";
import { currentCall } from "../context.js";
import type { ErrorInfo } from "../gen/google/rpc/status.js";
import { deferred } from "../testing/deferred.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { Implementation } from "./handlers.js";
import type { ServerInterceptor } from "./interceptor.js";

type Echo = Implementation<typeof EchoService>;
type Call = Parameters<ServerInterceptor>[0];
type Next = Parameters<ServerInterceptor>[1];

describe("the interceptors of a server", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  const bots: Bot[] = [];
  const said: string[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
    said.length = 0;
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
  });

  async function serve(
    interceptors: ServeOptions["interceptors"],
    handlers: Partial<Echo> = {},
    scopes?: readonly ["echo:call"],
  ): Promise<Client<typeof EchoService>> {
    const plain: Partial<Echo> = {
      echo: (request) => request,
      async *count({ reason }) {
        for (let i = 0; i < Number(reason); i++) yield { reason: String(i) };
      },
      async join(requests) {
        let reason = "";
        for await (const request of requests) reason += request.reason;
        return { reason };
      },
      async *chat(requests) {
        yield* requests;
      },
    };
    server = await serveEcho(fleet, { ...plain, ...handlers }, interceptors ? { interceptors } : {});
    const caller = await fleet.bot("caller/1", scopes);
    bots.push(server.bot, caller);
    return caller.client(EchoService, server.address);
  }

  const read = async (answers: AsyncIterable<ErrorInfo>) => {
    const all = [];
    for await (const { reason } of answers) all.push(reason);
    return all;
  };

  async function outer({ context }: Call, next: Next) {
    said.push(`outer ${context.method.kind} of ${context.caller.name}`);
    await next();
    said.push("outer over");
  }
  async function inner(_call: Call, next: Next) {
    said.push("inner");
    await next();
    said.push("inner over");
  }

  it("run in their order around handlers of all four kinds, with the caller in hand", async () => {
    const echo = await serve([outer, inner]);
    const kinds: Record<string, () => Promise<unknown>> = {
      unary: async () => assert.equal((await echo.echo({ reason: "a" })).reason, "a"),
      serverStreaming: async () => assert.deepEqual(await read(echo.count({ reason: "3" })), ["0", "1", "2"]),
      clientStreaming: async () => assert.equal((await echo.join([{ reason: "a" }, { reason: "b" }])).reason, "ab"),
      bidiStreaming: async () => assert.deepEqual(await read(echo.chat([{ reason: "a" }])), ["a"]),
    };
    for (const [kind, call] of Object.entries(kinds)) {
      said.length = 0;
      await call();
      assert.deepEqual(said, [`outer ${kind} of caller/1`, "inner", "inner over", "outer over"]);
    }
  });

  it("never run for a call that is refused, nor for the services of Interlock itself", async () => {
    const echo = await serve([outer], {}, ["echo:call"]);
    await assert.rejects(echo.reset({}), { reason: "SCOPE_MISSING" });
    const { Health } = await import("../gen/grpc/health/v1/health_interlock.js");
    const [, caller] = bots;
    await caller?.client(Health, server.address).check({});
    assert.deepEqual(said, []);
    assert.deepEqual(server.handled, []);
    fleet.revoke("identity", "spiffe://test/caller/1");
    await assert.rejects(echo.echo({}));
    assert.deepEqual(said, []);
  });

  it("cannot keep a call alive that is ended by Interlock", async () => {
    const over = deferred<unknown>();
    async function swallow(_call: Call, next: Next) {
      await next().catch(over.resolve);
    }
    const echo = await serve([swallow], {
      async *count(_request, { signal }) {
        yield {};
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw signal.reason;
      },
    });
    const answers = echo.count({})[Symbol.asyncIterator]();
    await answers.next();
    fleet.revoke("identity", "spiffe://test/caller/1");
    await assert.rejects(async () => answers.next(), { reason: "IDENTITY_REVOKED" });
    await over.promise;
  });

  it("see the messages, replace them and refuse them", async () => {
    async function shout({ onRequest, onResponse }: Call, next: Next) {
      onRequest((message) => {
        const { reason } = message as ErrorInfo;
        if (reason === "bad") throw new InterlockError("INVALID_ARGUMENT", "That is bad.");
        said.push(reason);
      });
      onResponse((message) => ({ ...(message as ErrorInfo), reason: (message as ErrorInfo).reason.toUpperCase() }));
      await next();
    }
    async function mark({ onRequest, onResponse }: Call, next: Next) {
      onRequest((message) => ({ ...(message as ErrorInfo), reason: `${(message as ErrorInfo).reason}-in` }));
      onResponse((message) => ({ ...(message as ErrorInfo), reason: `${(message as ErrorInfo).reason}-out` }));
      await next();
    }
    const echo = await serve([shout, mark]);
    assert.equal((await echo.echo({ reason: "a" })).reason, "A-IN-OUT");
    assert.deepEqual(await read(echo.chat([{ reason: "b" }, { reason: "c" }])), ["B-IN-OUT", "C-IN-OUT"]);
    assert.equal((await echo.join([{ reason: "d" }])).reason, "D-IN-OUT");
    assert.deepEqual(said, ["a", "b", "c", "d"]);
    const refused = { code: "INVALID_ARGUMENT", message: "That is bad." };
    await assert.rejects(echo.echo({ reason: "bad" }), refused);
    await assert.rejects(read(echo.count({ reason: "bad" })), refused);
    await assert.rejects(read(echo.chat([{ reason: "bad" }])), refused);
  });

  it("replace errors, and do not swallow them; other errors keep their words to themselves", async () => {
    async function translate(_call: Call, next: Next) {
      try {
        await next();
      } catch (thrown) {
        if ((thrown as Error).message === "jam") throw new InterlockError("ABORTED", "It is jammed.");
      }
    }
    const fail = (message: string) => () => {
      throw new Error(message);
    };
    const echo = await serve([translate], {
      echo: fail("jam"),
      open: fail("secret"),
      // biome-ignore lint/correctness/useYield: it fails.
      async *count() {
        throw new Error("jam");
      },
    });
    await assert.rejects(echo.echo({}), { code: "ABORTED", message: "It is jammed." });
    await assert.rejects(echo.open({}), { code: "INTERNAL", message: "The handler failed." });
    await assert.rejects(read(echo.count({})), { code: "ABORTED" });
  });

  it("call next once, and in any case or throw", async () => {
    async function twice(_call: Call, next: Next) {
      await next();
      await next();
    }
    async function never() {}
    async function unawaited(_call: Call, next: Next) {
      void next();
    }
    for (const [wrong, code] of [
      [twice, "INTERNAL"],
      [never, "INTERNAL"],
      [unawaited, undefined],
    ] as const) {
      const echo = await serve([wrong]);
      const calls = [() => echo.echo({ reason: "a" }), () => read(echo.count({ reason: "1" }))];
      for (const call of calls) await (code ? assert.rejects(call, { code }) : call());
    }
  });

  it("are named functions", async () => {
    for (const wrong of [[async () => {}], ["x"], "x", {}]) {
      await assert.rejects(serve(wrong as never), TypeError);
    }
  });

  it("give their handlers what is theirs: asynchronous context, headers, trailers", async () => {
    const storage = new AsyncLocalStorage<string>();
    async function within({ context }: Call, next: Next) {
      context.responseTrailers.set("x-by", "within");
      await storage.run("mine", next);
    }
    const seen: unknown[] = [];
    const echo = await serve([within], {
      async echo(_request, context) {
        await undefined;
        seen.push(storage.getStore(), currentCall() === context);
        return {};
      },
      async *count() {
        for (let i = 0; i < 2; i++) {
          await undefined;
          seen.push(storage.getStore());
          yield {};
        }
      },
    });
    await echo.echo({});
    await read(echo.count({}));
    assert.deepEqual(seen, ["mine", true, "mine", "mine"]);
  });

  it("a stream goes no faster than it is read, and its handler is told when its caller leaves", async () => {
    const left = deferred();
    const echo = await serve([outer], {
      async *count(_request, { signal }) {
        signal.addEventListener("abort", () => left.resolve());
        for (let i = 0; ; i++) yield { reason: String(i) };
      },
    });
    for await (const { reason } of echo.count({})) if (reason === "5") break;
    await left.promise;
  });
});
