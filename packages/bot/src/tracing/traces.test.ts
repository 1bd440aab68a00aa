import assert from "node:assert/strict";
import { context, isSpanContextValid, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { denial, InterlockError } from "../base/error.js";
import type { LogFields } from "../base/log.js";
import { namedLog } from "../base/named-log.js";
import type { Bot, ServeOptions } from "../bot.js";
import { currentCall } from "../context.js";
import type { Implementation } from "../server/handlers.js";
import { deferred } from "../testing/deferred.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createRelay } from "../testing/relay.js";
import { chainOf, isChildOf, recordSpans, type SpanRecorder } from "../testing/span-recorder.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { referenceKey, referenceTo } from "../token/reference.js";

type Handlers = Partial<Implementation<typeof EchoService>>;

const { methods } = EchoService;

/** What of a span says how its call ended. */
function endOf({ kind, attributes, status }: ReadableSpan) {
  return [
    kind === SpanKind.CLIENT ? "client" : "server",
    attributes["rpc.response.status_code"],
    attributes["interlock.reason"],
    ...(status.code === SpanStatusCode.ERROR ? [attributes["error.type"]] : []),
  ];
}

const of = (spans: readonly ReadableSpan[], kind: SpanKind) => spans.filter((span) => span.kind === kind);

describe("the spans of a call", () => {
  let spans: SpanRecorder;
  let fleet: TestFleet;
  const closing: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    spans = recordSpans();
    fleet = await createTestFleet();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await spans.stop();
  });

  function keep<B extends Bot>(bot: B): B {
    closing.push(() => bot.close(0));
    return bot;
  }
  async function serve(handlers: Handlers = {}, options: Partial<ServeOptions> = {}, service = EchoService) {
    const server = await serveEcho(fleet, handlers, options, service);
    keep(server.bot);
    return server;
  }
  async function caller(...given: [scopes?: ("echo:call" | "echo:reset")[]]) {
    return keep(await fleet.bot("caller/1", ...given));
  }
  async function ends(count = 2) {
    const taken = await spans.take(count);
    const [clients, servers] = [of(taken, SpanKind.CLIENT), of(taken, SpanKind.SERVER)];
    if (clients[0] && servers[0])
      assert.ok(isChildOf(servers[0], clients[0]), "the server's is a child of the client's");
    assert.deepEqual(spans.left, []);
    return [...clients, ...servers].map(endOf);
  }
  const ok = [
    ["client", "OK", undefined],
    ["server", "OK", undefined],
  ];

  it("are one of the client and one of the server, by the semantic conventions", async () => {
    const server = await serve();
    const echo = (await caller()).client(EchoService, server.address);
    await echo.echo({ reason: "1" });
    const [client, served] = chainOf(await spans.take(2));
    assert.ok(client && served);
    assert.equal(client.name, "test.EchoService/Echo");
    assert.deepEqual([client.kind, served.kind], [SpanKind.CLIENT, SpanKind.SERVER]);
    assert.ok(isChildOf(served, client));
    assert.equal(client.parentSpanContext, undefined);
    const call = {
      "rpc.system.name": "grpc",
      "rpc.method": "test.EchoService/Echo",
      "rpc.response.status_code": "OK",
    };
    assert.deepEqual(client.attributes, {
      ...call,
      "server.address": "127.0.0.1",
      "server.port": server.port,
      "interlock.server": "spiffe://test/echo/1",
    });
    const { "network.peer.port": port, ...rest } = served.attributes;
    assert.equal(typeof port, "number");
    assert.deepEqual(rest, {
      ...call,
      "network.peer.address": "127.0.0.1",
      "interlock.caller": "spiffe://test/caller/1",
      "interlock.outcome": "answered",
    });
    assert.equal(client.instrumentationScope.schemaUrl, "https://opentelemetry.io/schemas/1.45.0");
    assert.deepEqual([client.status.code, served.status.code], [SpanStatusCode.UNSET, SpanStatusCode.UNSET]);
  });

  it("are there for streams of each kind", async () => {
    const server = await serve({
      async *count() {
        yield { reason: "1" };
      },
    });
    const echo = (await caller()).client(EchoService, server.address);
    for await (const _ of echo.count({}));
    assert.deepEqual(await ends(), ok);
    await echo.join([{}, {}]);
    assert.deepEqual(await ends(), ok);
    for await (const _ of echo.chat([{}]));
    assert.deepEqual(await ends(), ok);
  });

  it("are there for a call that the handler fails, with and without a reason", async () => {
    const errors = [
      new InterlockError("NOT_FOUND", "There is none."),
      new Error("a fault"),
      denial("SCOPE_MISSING"),
      new InterlockError("ABORTED", "It is jammed.", { domain: "cafe", reason: "JAMMED" }),
    ];
    const server = await serve({
      echo({ reason }) {
        throw errors[Number(reason)];
      },
    });
    const echo = (await caller()).client(EchoService, server.address);
    const found = [];
    for (const [i] of errors.entries()) {
      await assert.rejects(echo.echo({ reason: String(i) }));
      found.push(await ends());
    }
    assert.deepEqual(found, [
      [
        ["client", "NOT_FOUND", undefined, "NOT_FOUND"],
        ["server", "NOT_FOUND", undefined],
      ],
      [
        ["client", "INTERNAL", undefined, "INTERNAL"],
        ["server", "INTERNAL", undefined, "INTERNAL"],
      ],
      [
        ["client", "PERMISSION_DENIED", "SCOPE_MISSING", "PERMISSION_DENIED"],
        ["server", "PERMISSION_DENIED", "SCOPE_MISSING"],
      ],
      [
        ["client", "ABORTED", undefined, "ABORTED"],
        ["server", "ABORTED", undefined],
      ],
    ]);
  });

  describe("that is refused before the handler", () => {
    const denied = (code: string, reason: string, ...error: string[]) => [
      ["client", code, reason, code],
      ["server", code, reason, ...error],
    ];
    const never = () => assert.fail("the handler ran");

    it("say the reason: a token, a scope, the caller, a rate, the method, the trust", async () => {
      const service = {
        ...EchoService,
        methods: {
          ...methods,
          count: { ...methods.count, policy: { ...methods.count.policy, callers: ["other/*"] } },
          join: { ...methods.join, policy: { ...methods.join.policy, rate: { perSecond: 0.001, burst: 1 } } },
          chat: {
            ...methods.chat,
            policy: { ...methods.chat.policy, deprecation: { sunset: "2020-01-01", reason: "old" } as never },
          },
        },
      };
      const server = await serve(
        { echo: never, count: never as never, chat: never as never, reset: never },
        {},
        service,
      );
      const identity = await fleet.ca.issue("spiffe://test/caller/2");
      const bad = `Bearer ${await fleet.token(identity, "other.Service", ["echo:call"])}`;
      const stranger = keep(
        await fleet.bot("caller/2", undefined, { tokens: { authorization: () => bad, forget() {} } }),
      );
      await assert.rejects(stranger.client(EchoService, server.address).echo({}));
      assert.match(String(await ends()), /UNAUTHENTICATED,TOKEN_(AUDIENCE|BINDING_MISMATCH),/);

      const echo = (await caller(["echo:reset"])).client(EchoService, server.address);
      await assert.rejects(echo.echo({}));
      assert.deepEqual(await ends(), denied("PERMISSION_DENIED", "SCOPE_MISSING"));

      const all = (await caller()).client(service, server.address);
      await assert.rejects(all.count({})[Symbol.asyncIterator]().next());
      assert.deepEqual(await ends(), denied("PERMISSION_DENIED", "CALLER_NOT_ALLOWED"));
      await all.join([]);
      assert.deepEqual(await ends(), ok);
      await assert.rejects(all.join([]));
      assert.deepEqual(await ends(), denied("RESOURCE_EXHAUSTED", "RATE_LIMITED"));
      await assert.rejects(all.chat([])[Symbol.asyncIterator]().next());
      assert.deepEqual(await ends(), denied("UNIMPLEMENTED", "METHOD_SUNSET", "UNIMPLEMENTED"));
      fleet.trust.replace({ ...fleet.trust.state, version: 2n, staleAfterMs: 0 });
      await assert.rejects(all.reset({}));
      assert.deepEqual(await ends(), denied("UNAVAILABLE", "TRUST_STALE", "UNAVAILABLE"));
    });

    it("are there for one call too many, and for a method that is not served", async () => {
      const running = deferred<void>();
      const begun = deferred<void>();
      const echoes: Handlers = {
        async echo(request) {
          begun.resolve();
          await running.promise;
          return request;
        },
      };
      const server = await serve(echoes, { callsPerPeer: 1 });
      const other = { ...methods.echo, path: "/test.EchoService/Nothing" };
      const service = { ...EchoService, methods: { ...methods, other } };
      const echo = (await caller()).client(service, server.address);
      const first = echo.echo({});
      await begun.promise;
      await assert.rejects(echo.open({}), { reason: "CALL_LIMIT" });
      assert.deepEqual(await ends(), denied("RESOURCE_EXHAUSTED", "CALL_LIMIT"));
      running.resolve();
      await first;
      assert.deepEqual(await ends(), ok);
      await assert.rejects(echo.other({}), { code: "UNIMPLEMENTED" });
      const chain = chainOf(await spans.take(2));
      assert.deepEqual(
        chain.map(({ name }) => name),
        ["test.EchoService/Nothing", "_OTHER"],
      );
    });

    it("are there for a caller without a library, and its log line has their ids", async () => {
      const lines: (LogFields | undefined)[] = [];
      const log = { info() {}, warn: (_: string, fields?: LogFields) => void lines.push(fields), error() {} };
      const bot = keep(await fleet.bot("logs/1", undefined, { log: namedLog(log, "logs/1") }));
      const service = { ...EchoService, methods: { echo: methods.echo } };
      const { port } = await bot.serve({ port: 0 }, (routes) => routes.add(service, { echo: never }));
      const session = rawSession(port, shows(await fleet.ca.issue("spiffe://test/raw/1")));
      const [traceId, parentId] = ["a".repeat(32), "b".repeat(16)];
      await rawCall(session, methods.echo.path, { traceparent: `00-${traceId}-${parentId}-01` });
      session.destroy();
      const [span] = await spans.take(1);
      assert.deepEqual(span && endOf(span), ["server", "UNAUTHENTICATED", "TOKEN_MISSING"]);
      assert.equal(span?.parentSpanContext?.spanId, parentId);
      const line = lines.find((fields) => fields?.reason === "TOKEN_MISSING");
      assert.deepEqual([line?.trace_id, line?.span_id], [traceId, span?.spanContext().spanId]);
      assert.equal(line?.callId, traceId);
    });
  });

  describe("that ends before its answer", () => {
    const started = () => deferred<void>();

    /** A server whose `echo` and `count` say that they run, and go on until the call has ended. */
    async function endless(options: Partial<ServeOptions> = {}) {
      const [unary, stream] = [started(), started()];
      const until = (signal: AbortSignal) =>
        new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      const server = await serve(
        {
          echo(_, { signal }) {
            unary.resolve();
            return until(signal);
          },
          async *count(_, { signal }) {
            yield {};
            stream.resolve();
            await until(signal);
          },
        },
        options,
      );
      return { ...server, unary: unary.promise, stream: stream.promise };
    }
    const both = (code: string, client: string, served = client) => [
      ["client", code, client, code],
      ["server", code, served, ...(["DEADLINE_EXCEEDED", "UNAVAILABLE"].includes(code) ? [code] : [])],
    ];

    it("by its deadline", async () => {
      const { address, port } = await endless();
      const echo = (await caller()).client(EchoService, address);
      await assert.rejects(echo.echo({}, { timeoutMs: 50 }), { code: "DEADLINE_EXCEEDED" });
      // The server may hear of that before its own clock says so, or never have seen the call.
      const one = async (is: (span: ReadableSpan) => boolean): Promise<ReadableSpan> =>
        (await spans.take(1)).find(is) ?? one(is);
      const client = await one(({ kind }) => kind === SpanKind.CLIENT);
      assert.deepEqual(endOf(client), ["client", "DEADLINE_EXCEEDED", "DEADLINE_PASSED", "DEADLINE_EXCEEDED"]);

      const identity = await fleet.ca.issue("spiffe://test/raw/1");
      const authorization = `Bearer ${await fleet.token(identity, EchoService.name, ["echo:call"])}`;
      const session = rawSession(port, shows(identity));
      await rawCall(session, methods.echo.path, { authorization, "grpc-timeout": "20m" });
      session.destroy();
      const served = await one(({ attributes }) => attributes["interlock.caller"] === "spiffe://test/raw/1");
      assert.deepEqual(endOf(served), ["server", "DEADLINE_EXCEEDED", "DEADLINE_PASSED", "DEADLINE_EXCEEDED"]);
    });

    it("by its caller, and by the reader of its answers", async () => {
      const { address, unary, stream } = await endless();
      const echo = (await caller()).client(EchoService, address);
      const stop = new AbortController();
      const call = echo.echo({}, { signal: stop.signal });
      await unary;
      stop.abort();
      await assert.rejects(call, { code: "CANCELLED" });
      assert.deepEqual(await ends(), both("CANCELLED", "CALL_CANCELED"));
      for await (const _ of echo.count({})) {
        await stream;
        break;
      }
      assert.deepEqual(await ends(), both("CANCELLED", "READER_LEFT", "CALL_CANCELED"));
    });

    it("by the revocation of its caller", async () => {
      const { address, unary } = await endless();
      const call = (await caller()).client(EchoService, address).echo({});
      const refused = assert.rejects(call, { reason: "IDENTITY_REVOKED" });
      await unary;
      fleet.revoke("identity", "spiffe://test/caller/1");
      await refused;
      assert.deepEqual(await ends(), both("UNAUTHENTICATED", "IDENTITY_REVOKED"));
    });

    it("by the revocation of its server", async () => {
      const { address, unary } = await endless();
      const call = (await caller()).client(EchoService, address).echo({});
      const refused = assert.rejects(call, { reason: "IDENTITY_REVOKED" });
      await unary;
      fleet.revoke("identity", "spiffe://test/echo/1");
      await refused;
      assert.deepEqual(await ends(), [
        ["client", "UNAUTHENTICATED", "IDENTITY_REVOKED", "UNAUTHENTICATED"],
        ["server", "CANCELLED", "CALL_CANCELED"],
      ]);
    });

    it("by the end of its connection, of its server, or because there is none", async () => {
      const { address, bot, port, unary } = await endless();
      const relay = await createRelay(port);
      const echo = (await caller()).client(EchoService, relay.address);
      const lost = assert.rejects(echo.echo({}), { reason: "SERVER_UNREACHABLE" });
      await unary;
      await relay.close();
      await lost;
      assert.deepEqual(await ends(), [
        ["client", "UNAVAILABLE", "CONNECTION_LOST", "UNAVAILABLE"],
        ["server", "CANCELLED", "CONNECTION_LOST"],
      ]);
      await assert.rejects(echo.echo({}), { reason: "SERVER_UNREACHABLE" });
      assert.deepEqual(await ends(1), [["client", "UNAVAILABLE", "SERVER_UNREACHABLE", "UNAVAILABLE"]]);
      const stream = (await caller()).client(EchoService, address).count({})[Symbol.asyncIterator]();
      await stream.next();
      const [ended] = await Promise.all([assert.rejects(stream.next()), bot.close(0)]);
      assert.equal(ended, undefined);
      const [client, served] = await ends();
      assert.deepEqual(served, ["server", "UNAVAILABLE", "SERVER_CLOSED", "UNAVAILABLE"]);
      assert.deepEqual(client?.slice(0, 2), ["client", "UNAVAILABLE"]);
    });
  });

  it("are one trace over three hops, with what a handler adds", async () => {
    const tracer = trace.getTracer("test");
    const last = await serve();
    const middle = keep(await fleet.bot("middle/1"));
    const onward = middle.client(EchoService, last.address);
    const service = { ...EchoService, methods: { echo: methods.echo, count: methods.count } };
    const { address } = await middle.serve({ port: 0 }, (routes) =>
      routes.add(service, {
        echo: (request) => tracer.startActiveSpan("work", (span) => onward.echo(request).finally(() => span.end())),
        async *count(request) {
          yield await onward.echo(request);
        },
      }),
    );
    const echo = (await caller()).client(EchoService, address);
    await tracer.startActiveSpan("whole", (span) => echo.echo({}).finally(() => span.end()));
    assert.deepEqual(
      chainOf(await spans.take(6)).map(({ name, kind }) => [name, kind]),
      [
        ["whole", SpanKind.INTERNAL],
        ["test.EchoService/Echo", SpanKind.CLIENT],
        ["test.EchoService/Echo", SpanKind.SERVER],
        ["work", SpanKind.INTERNAL],
        ["test.EchoService/Echo", SpanKind.CLIENT],
        ["test.EchoService/Echo", SpanKind.SERVER],
      ],
    );
    for await (const _ of echo.count({}));
    assert.deepEqual(
      chainOf(await spans.take(4)).map(({ name }) => name.split("/")[1]),
      ["Count", "Count", "Echo", "Echo"],
    );
  });

  it("are one of the client, and one of the server for each attempt, which says so", async () => {
    let failures = 2;
    const idempotent = { ...methods.echo, idempotency: "idempotent" as const };
    const server = await serve({
      echo(request) {
        if (failures-- > 0) throw new InterlockError("UNAVAILABLE", "Not now.");
        return request;
      },
    });
    const service = { ...EchoService, methods: { ...methods, echo: idempotent } };
    await (await caller()).client(service, server.address).echo({});
    const taken = await spans.take(4);
    const [client] = of(taken, SpanKind.CLIENT);
    const served = of(taken, SpanKind.SERVER);
    assert.deepEqual(
      [client, ...served].map((span) => span?.attributes["interlock.previous_attempts"]),
      [2, undefined, 1, 2],
    );
    assert.ok(client && served.every((span) => isChildOf(span, client)));
    assert.deepEqual(
      [client, served[2]].map((span) => span && endOf(span)),
      ok,
    );
  });

  it("are none for what only refers to a token that the server asks for", async () => {
    const { port } = await serve();
    const identity = await fleet.ca.issue("spiffe://test/raw/1");
    const authorization = `Bearer ${await fleet.token(identity, EchoService.name, ["echo:call"])}`;
    const session = rawSession(port, shows(identity));
    const refused = await rawCall(session, methods.echo.path, { [referenceKey]: referenceTo(authorization) });
    assert.equal(refused.status, 16);
    const answered = await rawCall(session, methods.echo.path, { authorization });
    assert.equal(answered.status, 0);
    session.destroy();
    assert.deepEqual(await ends(1), [["server", "OK", undefined]]);
  });
});

describe("an SDK", () => {
  let fleet: TestFleet;
  let server: EchoServer;
  let bot: Bot;

  beforeEach(async () => {
    fleet = await createTestFleet();
    bot = await fleet.bot("caller/1");
  });
  afterEach(async () => {
    await bot.close(0);
    await server.bot.close(0);
  });

  it("that is registered after bot and client were made gets their spans, until it is taken away", async () => {
    server = await serveEcho(fleet);
    const echo = bot.client(EchoService, server.address);
    await echo.echo({});
    for (let i = 0; i < 2; i++) {
      const spans = recordSpans();
      await echo.echo({});
      assert.equal((await spans.take(2)).length, 2);
      await spans.stop();
      await echo.echo({});
      assert.deepEqual(spans.left, []);
    }
  });

  it("whose sampler, propagator and processor throw fails no call", async () => {
    server = await serveEcho(fleet);
    const echo = bot.client(EchoService, server.address);
    for (const faulty of ["sampler", "propagator", "processor"] as const) {
      const spans = recordSpans({ faulty });
      try {
        assert.deepEqual((await echo.echo({ reason: faulty })).reason, faulty);
        await assert.rejects(bot.client({ ...EchoService, name: "other" }, server.address).echo({}));
      } finally {
        await spans.stop();
      }
    }
    assert.deepEqual(server.handled, ["echo", "echo", "echo"]);
  });

  it("without a propagator has W3C Trace Context sent", async () => {
    const seen: unknown[] = [];
    server = await serveEcho(fleet, {
      echo(request, { metadata }) {
        seen.push(...metadata.get("traceparent"));
        return request;
      },
    });
    const spans = recordSpans({ propagates: false });
    await bot.client(EchoService, server.address).echo({});
    const [client, served] = chainOf(await spans.take(2));
    await spans.stop();
    assert.ok(client && served && isChildOf(served, client));
    const { traceId, spanId } = client.spanContext();
    assert.deepEqual(seen, [`00-${traceId}-${spanId}-01`]);
  });

  it("that samples nothing has each handler know its own call and the decision, also where it leaves the trace", async () => {
    const seen: unknown[] = [];
    const both = deferred();
    let begun = 0;
    server = await serveEcho(fleet, {
      async echo(request, call) {
        begun++;
        if (begun === 3) both.resolve();
        if (begun > 1) await both.promise;
        const span = trace.getActiveSpan()?.spanContext();
        const left = await context.with(ROOT_CONTEXT, async () => {
          await undefined;
          return [trace.getActiveSpan(), currentCall() === call];
        });
        seen.push([span && isSpanContextValid(span), span?.traceFlags, ...left, currentCall() === call]);
        return request;
      },
    });
    const spans = recordSpans({ samplesNothing: true });
    try {
      const echo = bot.client(EchoService, server.address);
      await echo.echo({});
      await Promise.all([echo.echo({}), echo.echo({})]);
      const each = [true, 0, undefined, true, true];
      assert.deepEqual(seen, [each, each, each]);
    } finally {
      await spans.stop();
    }
  });

  it("that samples nothing has no spans, and the decision reaches every hop, and what a handler makes", async () => {
    const seen: string[] = [];
    const tracer = trace.getTracer("test");
    const see = (metadata: { get(key: string): unknown[] }) =>
      void seen.push(...(metadata.get("traceparent") as string[]));
    server = await serveEcho(fleet, {
      async echo(request, { metadata }) {
        see(metadata);
        tracer.startSpan("work").end();
        if (request.reason === "again") return onward.echo({ reason: "last" });
        return request;
      },
    });
    const onward = server.bot.client(EchoService, server.address);
    const spans = recordSpans({ samplesNothing: true });
    try {
      const echo = bot.client(EchoService, server.address);
      for (let i = 0; i < 3; i++) await echo.echo({ reason: "again" });
      for await (const _ of echo.chat([{}]));
      assert.deepEqual(spans.left, []);
      assert.equal(seen.length, 6);
      assert.equal(seen[2], seen[0], "calls of a moment share the ids of a trace that nobody looks for");
      for (const [i, value] of seen.entries()) {
        assert.match(value, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
        if (i % 2 === 1) assert.equal(value.slice(0, 35), seen[i - 1]?.slice(0, 35), "one trace");
      }
    } finally {
      await spans.stop();
    }
  });
});
