import assert from "node:assert/strict";
import { Metadata } from "@grpc/grpc-js";
import { InterlockError } from "../base/error.js";
import type { Bot } from "../bot.js";
import type { ErrorInfo } from "../gen/google/rpc/status.js";
import type { Implementation } from "../server/handlers.js";
import { deferred } from "../testing/deferred.js";
import { serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { Client } from "./client.js";
import type { ClientInterceptor } from "./interceptor.js";

type Echo = Implementation<typeof EchoService>;
type Call = Parameters<ClientInterceptor>[0];
type Next = Parameters<ClientInterceptor>[1];

describe("the interceptors of a client", () => {
  let fleet: TestFleet;
  const bots: Bot[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
  });

  const tenantOf = ({ metadata }: { metadata: Metadata }) => String(metadata.get("x-tenant"));
  const plain: Partial<Echo> = {
    echo: ({ reason }, context) => ({ reason, domain: tenantOf(context) }),
    async *count({ reason }, context) {
      for (let i = 0; i < Number(reason); i++) yield { reason: String(i), domain: tenantOf(context) };
    },
    async join(requests, context) {
      let reason = "";
      for await (const request of requests) reason += request.reason;
      return { reason, domain: tenantOf(context) };
    },
    async *chat(requests, context) {
      for await (const { reason } of requests) yield { reason, domain: tenantOf(context) };
    },
  };

  async function client(
    interceptors: readonly ClientInterceptor[],
    handlers: Partial<Echo> = {},
  ): Promise<Client<typeof EchoService>> {
    const server = await serveEcho(fleet, { ...plain, ...handlers });
    const caller = await fleet.bot("caller/1");
    bots.push(server.bot, caller);
    return caller.client(EchoService, server.address, { interceptors });
  }

  const read = async (answers: AsyncIterable<ErrorInfo>) => {
    const all = [];
    for await (const { reason } of answers) all.push(reason);
    return all;
  };

  it("run in their order around calls of all four kinds, and change their options", async () => {
    const said: string[] = [];
    async function measure({ method, options }: Call, next: Next) {
      said.push(`${method.kind} ${options.timeoutMs}`);
      await next({ ...options, timeoutMs: 20_000 });
      said.push("over");
    }
    async function addTenant({ options }: Call, next: Next) {
      said.push(`inner ${options.timeoutMs}`);
      const metadata = options.metadata?.clone() ?? new Metadata();
      metadata.set("x-tenant", "cafe");
      await next({ ...options, metadata });
      said.push("inner over");
    }
    const echo = await client([measure, addTenant]);
    const domains = new Set<string>();
    const calls: Record<string, () => Promise<unknown>> = {
      unary: async () => domains.add((await echo.echo({ reason: "a" }, { timeoutMs: 9 })).domain),
      serverStreaming: async () => {
        for await (const { domain } of echo.count({ reason: "3" }, { timeoutMs: 9 })) domains.add(domain);
      },
      clientStreaming: async () => domains.add((await echo.join([{ reason: "a" }], { timeoutMs: 9 })).domain),
      bidiStreaming: async () => {
        for await (const { domain } of echo.chat([{ reason: "a" }], { timeoutMs: 9 })) domains.add(domain);
      },
    };
    for (const [kind, call] of Object.entries(calls)) {
      said.length = 0;
      await call();
      assert.deepEqual(said, [`${kind} 9`, "inner 20000", "inner over", "over"]);
    }
    assert.deepEqual([...domains], ["cafe"]);
  });

  it("cannot send what a caller cannot", async () => {
    async function forge({ options }: Call, next: Next) {
      const metadata = new Metadata();
      metadata.set("authorization", "Bearer x");
      await next({ ...options, metadata });
    }
    const echo = await client([forge]);
    await assert.rejects(echo.echo({}), { code: "INVALID_ARGUMENT" });
    await assert.rejects(read(echo.count({})), { code: "INVALID_ARGUMENT" });
  });

  it("see the messages, and replace them", async () => {
    const seen: string[] = [];
    async function look({ onRequest, onResponse }: Call, next: Next) {
      onRequest((message) => void seen.push(`> ${(message as ErrorInfo).reason}`));
      onResponse((message) => void seen.push(`< ${(message as ErrorInfo).reason}`));
      await next();
    }
    async function mark({ onRequest, onResponse }: Call, next: Next) {
      onRequest((message) => ({ reason: `${(message as ErrorInfo).reason}-in` }));
      onResponse((message) => ({ ...(message as ErrorInfo), reason: `${(message as ErrorInfo).reason}-out` }));
      await next();
    }
    const echo = await client([look, mark]);
    assert.equal((await echo.echo({ reason: "a" })).reason, "a-in-out");
    assert.deepEqual(await read(echo.chat([{ reason: "b" }])), ["b-in-out"]);
    assert.deepEqual(seen, ["> a", "< a-in-out", "> b", "< b-in-out"]);
  });

  it("make a call again, and replace its errors", async () => {
    let failing = 2;
    async function again(call: Call, next: Next) {
      try {
        await next();
      } catch (thrown) {
        if (InterlockError.from(thrown).code !== "ABORTED") throw thrown;
        await again(call, next);
      }
    }
    async function rename(_call: Call, next: Next) {
      await next().catch((thrown: unknown) => {
        throw InterlockError.from(thrown).code === "NOT_FOUND" ? new Error("renamed") : thrown;
      });
    }
    const fail = () => {
      if (failing-- > 0) throw new InterlockError("ABORTED", "Again.");
    };
    const echo = await client([rename, again], {
      echo(request) {
        fail();
        return request;
      },
      async *count() {
        fail();
        yield {};
        fail();
      },
      join: () => {
        throw new InterlockError("ABORTED", "Again.");
      },
      open: () => {
        throw new InterlockError("NOT_FOUND", "x");
      },
    });
    assert.equal((await echo.echo({ reason: "a" })).reason, "a");
    failing = 1;
    assert.deepEqual(await read(echo.count({})), [""]);
    await assert.rejects(echo.join([{}]), { message: /requests are a stream/ });
    await assert.rejects(echo.open({}), { message: "renamed" });
  });

  it("do not make a stream again of which an answer has been read", async () => {
    async function again(_call: Call, next: Next) {
      await next().catch(() => next());
    }
    const echo = await client([again], {
      async *count() {
        yield {};
        throw new InterlockError("ABORTED", "Again.");
      },
    });
    await assert.rejects(read(echo.count({})), { message: /an answer of it has been read/ });
  });

  it("a stream goes no faster than it is read, and leaving it cancels the call", async () => {
    const left = deferred();
    const over = deferred();
    let yielded = 0;
    async function watch(_call: Call, next: Next) {
      await next();
      over.resolve();
    }
    const echo = await client([watch], {
      async *count(_request, { signal }) {
        signal.addEventListener("abort", () => left.resolve());
        for (; ; yielded++) yield { reason: "x".repeat(10_000) };
      },
    });
    for await (const _ of echo.count({})) break;
    await Promise.all([left.promise, over.promise]);
    assert.ok(yielded < 1_000);
  });

  it("calls within a handler keep its deadline and its cancellation", async () => {
    const ended = deferred<string>();
    async function pass(_call: Call, next: Next) {
      await undefined;
      await next();
    }
    const inner = await client([pass], {
      async echo(_request, { signal }) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        ended.resolve((signal.reason as InterlockError).code);
        return {};
      },
    });
    const outer = await serveEcho(fleet, {
      async echo() {
        await undefined;
        return inner.echo({});
      },
    });
    const caller = await fleet.bot("caller/2");
    bots.push(outer.bot, caller);
    await assert.rejects(caller.client(EchoService, outer.address).echo({}, { timeoutMs: 200 }), {
      code: "DEADLINE_EXCEEDED",
    });
    assert.ok(["DEADLINE_EXCEEDED", "CANCELLED"].includes(await ended.promise));
  });
});
