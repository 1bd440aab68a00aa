import assert from "node:assert/strict";
import { once } from "node:events";
import { InterlockError } from "../base/error.js";
import type { Bot } from "../bot.js";
import type { Client } from "../client/client.js";
import type { CallContext } from "../context.js";
import { deferred } from "../testing/deferred.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { Implementation } from "./handlers.js";

type Echo = Implementation<typeof EchoService>;

const implementation: Echo = {
  echo: ({ reason }, { caller }) => ({ reason, metadata: { caller: caller.name } }),
  async *count({ reason }) {
    for (let i = 0; i < Number(reason); i++) yield { reason: String(i) };
  },
  async join(requests) {
    let reason = "";
    for await (const request of requests) reason += request.reason;
    return { reason };
  },
  async *chat(requests) {
    for await (const { reason } of requests) yield { reason: reason.toUpperCase() };
  },
  open: () => ({ reason: "open" }),
  reset: () => ({}),
};

describe("a server and its client", () => {
  let fleet: TestFleet;
  let server: Bot;
  let caller: Bot;
  const bots: Bot[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
    server = await fleet.bot("echo/1");
    caller = await fleet.bot("caller/1");
    bots.push(server, caller);
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
  });

  async function serve(overrides: Partial<Echo> = {}): Promise<{ echo: Client<typeof EchoService>; address: string }> {
    const { address } = await server.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, { ...implementation, ...overrides }),
    );
    return { echo: caller.client(EchoService, address), address };
  }

  it("carries all four kinds of call", async () => {
    const { echo } = await serve();
    assert.deepEqual(await echo.echo({ reason: "hi" }), { reason: "hi", domain: "", metadata: { caller: "caller/1" } });
    const counted = [];
    for await (const { reason } of echo.count({ reason: "40" })) counted.push(reason);
    assert.equal(counted.length, 40);
    assert.equal((await echo.join([{ reason: "a" }, { reason: "b" }])).reason, "ab");
    const said = [];
    for await (const { reason } of echo.chat([{ reason: "x" }, { reason: "y" }])) said.push(reason);
    assert.deepEqual(said, ["X", "Y"]);
    assert.equal((await echo.open({})).reason, "open");
  });

  it("answers a handler's InterlockError as it is, and hides any other error's words", async () => {
    const { echo } = await serve({
      echo: () => {
        throw new InterlockError("NOT_FOUND", "no item 7", {
          reason: "NO_ITEM",
          domain: "shop",
          metadata: { item: "7" },
        });
      },
      async *count() {
        yield {};
        throw new Error("password is hunter2");
      },
    });
    await assert.rejects(
      async () => echo.echo({}),
      (e: InterlockError) => e.code === "NOT_FOUND" && e.reason === "NO_ITEM" && e.metadata.item === "7",
    );
    await assert.rejects(
      async () => {
        for await (const _ of echo.count({}));
      },
      (e: InterlockError) => e.code === "INTERNAL" && !e.message.includes("hunter2"),
    );
  });

  it("cancels the handler when the caller leaves the loop", async () => {
    const aborted = deferred<void>();
    const { echo } = await serve({
      async *count(_request, { signal }) {
        signal.addEventListener("abort", () => aborted.resolve());
        for (let i = 0; ; i++) yield { reason: String(i) };
      },
    });
    for await (const { reason } of echo.count({})) if (reason === "3") break;
    await aborted.promise;
  });

  it("does not let a generator run ahead of a slow reader", async () => {
    let produced = 0;
    const { echo } = await serve({
      async *count() {
        for (; produced < 100_000; produced++) yield { reason: "x".repeat(10_000) };
      },
    });
    let read = 0;
    for await (const _ of echo.count({})) {
      if (++read === 1) for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
      if (read === 20) break;
    }
    assert.ok(produced < 1_000, `${produced} messages were made for 20 that were read`);
  });

  it("tells a truncated upload from a complete one", async () => {
    const outcome = deferred<unknown>();
    const { echo } = await serve({
      async join(requests) {
        try {
          for await (const _ of requests) controller.abort();
          outcome.resolve("complete");
        } catch (error) {
          outcome.resolve(error);
          throw error;
        }
        return {};
      },
    });
    const controller = new AbortController();
    const forever = (async function* () {
      yield { reason: "a" };
      await once(controller.signal, "abort");
    })();
    await assert.rejects(async () => echo.join(forever, { signal: controller.signal }), { code: "CANCELLED" });
    assert.equal(((await outcome.promise) as InterlockError).code, "CANCELLED");
  });

  it("hands deadline and cancellation on to the calls that a handler makes", async () => {
    const seen = deferred<CallContext>();
    const inner = await fleet.bot("inner/1");
    bots.push(inner);
    const { address } = await inner.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        ...implementation,
        echo: async (_request, context) => {
          const over = once(context.signal, "abort");
          seen.resolve(context);
          await over;
          return {};
        },
      }),
    );
    const onward = server.client(EchoService, address);
    const { echo } = await serve({ echo: () => onward.echo({}) });
    const controller = new AbortController();
    const call = echo.echo({}, { timeoutMs: 5_000, signal: controller.signal });
    const context = await seen.promise;
    const left = (context.deadline?.getTime() ?? Infinity) - Date.now();
    assert.ok(left > 0 && left <= 5_000, `the inner deadline is in ${left} ms`);
    controller.abort();
    await assert.rejects(async () => call, { code: "CANCELLED" });
    await (context.signal.aborted || once(context.signal, "abort"));
  });

  it("gives the deadline's end to caller and handler", async () => {
    const aborted = deferred<unknown>();
    const { echo } = await serve({
      async echo(_request, { signal }) {
        await once(signal, "abort");
        aborted.resolve(signal.reason);
        return {};
      },
    });
    await assert.rejects(async () => echo.echo({}, { timeoutMs: 500 }), { code: "DEADLINE_EXCEEDED" });
    assert.ok((await aborted.promise) instanceof InterlockError);
  });

  it("does not pass another bot's refusal on as its own", async () => {
    const { echo } = await serve({
      echo: () => {
        throw new InterlockError("PERMISSION_DENIED", "from elsewhere", { reason: "SCOPE_MISSING", remote: true });
      },
    });
    await assert.rejects(async () => echo.echo({}), { code: "INTERNAL", reason: undefined });
  });

  it("ends a revoked bot's open stream with 16, and its connection", async () => {
    const { echo } = await serve({
      async *count(_request, { signal }) {
        yield {};
        await once(signal, "abort");
      },
    });
    const stream = echo.count({});
    await stream[Symbol.asyncIterator]().next();
    fleet.revoke("identity", "spiffe://test/caller/1");
    await assert.rejects(
      async () => {
        for await (const _ of stream);
      },
      { code: "UNAUTHENTICATED", reason: "IDENTITY_REVOKED" },
    );
    await assert.rejects(
      async () => echo.echo({}),
      (e: InterlockError) => ["UNAVAILABLE", "UNAUTHENTICATED"].includes(e.code),
    );
  });

  it("drains: what is under way finishes, and nothing new begins", async () => {
    const started = deferred<void>();
    const finish = deferred<void>();
    const { echo } = await serve({
      async echo() {
        started.resolve();
        await finish.promise;
        return { reason: "done" };
      },
    });
    const call = echo.echo({});
    await started.promise;
    const closing = server.close(5_000);
    finish.resolve();
    assert.equal((await call).reason, "done");
    await closing;
    await assert.rejects(async () => echo.echo({}, { timeoutMs: 2_000 }), InterlockError);
  });

  it("tells handlers and callers that the server closes, where the time to drain is over", async () => {
    const reasons: unknown[] = [];
    const waits = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          resolve();
        });
      });
    const { echo } = await serve({
      async echo(_request, { signal }) {
        started.resolve();
        await waits(signal);
        return {};
      },
      async *count(_request, { signal }) {
        yield {};
        await waits(signal);
      },
    });
    const started = deferred<void>();
    const call = assert.rejects(echo.echo({}), { code: "UNAVAILABLE", message: /closing/ });
    await started.promise;
    const stream = echo.count({})[Symbol.asyncIterator]();
    await stream.next();
    const next = assert.rejects(stream.next(), { code: "UNAVAILABLE", message: /closing/ });
    await server.close(0);
    await Promise.all([call, next]);
    assert.equal(reasons.length, 2);
    for (const reason of reasons) assert.match(String(reason), /The server is closing/);
  });

  it("hands on a handler's own UNAVAILABLE as that, and not as a server that cannot be reached", async () => {
    const { echo } = await serve({
      echo() {
        throw new InterlockError("UNAVAILABLE", "The gripper is off.");
      },
      async *count() {
        yield {};
        throw new InterlockError("UNAVAILABLE", "The gripper is off.");
      },
    });
    const own = { code: "UNAVAILABLE", reason: undefined, message: "The gripper is off.", remote: true };
    await assert.rejects(async () => echo.echo({}), own);
    await assert.rejects(async () => {
      for await (const _ of echo.count({}));
    }, own);
    await server.close(0);
    await assert.rejects(async () => echo.echo({}), { code: "UNAVAILABLE", reason: "SERVER_UNREACHABLE" });
  });

  it("does not start with a method whose policy is missing", async () => {
    const { policy: _, ...unprotected } = EchoService.methods.echo;
    const service = { ...EchoService, methods: { ...EchoService.methods, echo: unprotected as never } };
    await assert.rejects(
      async () => server.serve({ port: 0 }, (routes) => routes.add(service as typeof EchoService, implementation)),
      /\/test\.EchoService\/Echo has no access policy/,
    );
  });

  it("waits for services that are added later, and refuses them all the same", async () => {
    const { policy: _, ...unprotected } = EchoService.methods.echo;
    const service = { ...EchoService, methods: { ...EchoService.methods, echo: unprotected as never } };
    const late = async (add: () => unknown) => {
      await new Promise((resolve) => setImmediate(resolve));
      add();
    };
    await assert.rejects(
      async () =>
        server.serve({ port: 0 }, (routes) => late(() => routes.add(service as typeof EchoService, implementation))),
      /has no access policy/,
    );
  });

  it("is served by an object of a class as well", async () => {
    class Echoing {
      readonly prefix = "said: ";
      echo({ reason }: { reason: string }) {
        return { reason: this.prefix + reason };
      }
    }
    const { count, join, chat, open, reset } = implementation;
    const echoing = Object.assign(new Echoing(), { count, join, chat, open, reset });
    const { address } = await server.serve({ port: 0 }, (routes) => routes.add(EchoService, echoing));
    const echo = caller.client(EchoService, address);
    assert.equal((await echo.echo({ reason: "x" })).reason, "said: x");
  });
});
