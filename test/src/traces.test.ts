import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bot, type LogFields, silentLog } from "@interlock/bot";
import { endReasons, ownAttributes } from "@interlock/bot/internal";
import { chainOf, createTestFleet, isChildOf, recordSpans, type SpanRecorder } from "@interlock/bot/testing";
import { openGateway } from "@interlock/gateway";
import { connectSwarm, createLeader, leaderRoutes, runWorker, TaskRefusal } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { type Span, SpanKind, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { type GatewayStage, gatewayStage, RoutedEcho } from "./gateway/gateway-stage.js";
import { readBlocks } from "./markdown-blocks.js";
import { root } from "./structure/source-graph.js";

const inSpan = <T>(name: string, work: () => Promise<T>): Promise<T> =>
  trace.getTracer("test").startActiveSpan(name, (span: Span) => work().finally(() => span.end()));
const named = (spans: readonly ReadableSpan[], name: string) =>
  spans.find((span) => span.name === name) ?? assert.fail(`there is no span "${name}"`);

describe("a trace through a gateway", function () {
  this.timeout(60_000);
  let stage: GatewayStage;
  let spans: SpanRecorder;
  before(async () => {
    stage = await gatewayStage();
  });
  after(() => stage.end());
  beforeEach(() => {
    spans = recordSpans();
  });
  afterEach(() => spans.stop());

  const kinds = [SpanKind.CLIENT, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.SERVER];

  it("has its client and its server once for each hop, and nothing of the authority", async () => {
    const echo = await stage.serve("echo/1");
    const gateway = await stage.gateway("gateway/1", { addresses: [echo.address] });
    const caller = (await stage.joinAs("caller/1")).client(RoutedEcho, gateway.address, { server: "gateway/*" });
    await caller.echo({ reason: "1" });
    const chain = chainOf(await spans.take(4));
    assert.deepEqual(
      chain.map(({ name, kind }) => [name, kind]),
      kinds.map((kind) => ["test.EchoService/Echo", kind]),
    );
    assert.equal(`${chain[2]?.attributes["server.address"]}:${chain[2]?.attributes["server.port"]}`, echo.address);
    assert.equal(chain[3]?.attributes["interlock.caller"], "spiffe://cafe/gateway/1");
    for await (const _ of caller.count({ reason: "2" }));
    assert.deepEqual(
      chainOf(await spans.take(4)).map(({ kind }) => kind),
      kinds,
    );
    assert.deepEqual(spans.left, []);

    for await (const _ of caller.count({})) break; // Its reader leaves.
    const left = chainOf(await spans.take(4)).map(({ attributes }) => attributes["interlock.reason"]);
    assert.deepEqual(left, ["READER_LEFT", "CALL_CANCELED", "CALL_CANCELED", "CALL_CANCELED"]);
    await echo.close();
    await assert.rejects(caller.echo({}), { code: "UNAVAILABLE" });
    const chained = chainOf(await spans.take(3)).map(({ kind, attributes }) => [kind, attributes["interlock.reason"]]);
    assert.deepEqual(chained[2], [SpanKind.CLIENT, "SERVER_UNREACHABLE"]);
  });

  it("ends at the gateway where that refuses the call, or does not know the method", async () => {
    const echo = await stage.serve("echo/2");
    const gateway = await stage.gateway("gateway/2", { addresses: [echo.address] });
    const poor = await stage.joinAs("poor/1");
    await assert.rejects(poor.client(RoutedEcho, gateway.address, { server: "gateway/*" }).echo({}));
    assert.deepEqual(
      chainOf(await spans.take(2)).map(({ kind, attributes }) => [kind, attributes["interlock.reason"]]),
      [
        [SpanKind.CLIENT, "SCOPE_MISSING"],
        [SpanKind.SERVER, "SCOPE_MISSING"],
      ],
    );

    const other = { ...RoutedEcho.methods.open, path: "/test.EchoService/Other" };
    const service = { ...RoutedEcho, methods: { other } };
    await assert.rejects(poor.client(service, gateway.address, { server: "gateway/*" }).other({}));
    assert.deepEqual(
      chainOf(await spans.take(2)).map(({ name, attributes }) => [name, attributes["rpc.response.status_code"]]),
      [
        ["test.EchoService/Other", "UNIMPLEMENTED"],
        ["_OTHER", "UNIMPLEMENTED"],
      ],
    );
    assert.deepEqual([echo.callers, spans.left], [[], []]);
  });

  it("is in the access log of the gateway", async () => {
    const echo = await stage.serve("echo/3");
    const lines: (LogFields | undefined)[] = [];
    const info = (message: string, fields?: LogFields) => void (message === "call" && lines.push(fields));
    const bot = await stage.joinAs("gateway/3", { ...silentLog, info });
    const routes = [{ service: RoutedEcho, addresses: [echo.address] }];
    const gateway = await openGateway(bot, { port: 0, routes, logSample: 1 });
    const caller = await stage.joinAs("caller/3");
    await caller.client(RoutedEcho, gateway.address, { server: "gateway/*" }).echo({});
    const { traceId, spanId } = chainOf(await spans.take(4))[1]?.spanContext() ?? {};
    await gateway.close();
    assert.deepEqual(
      lines.map((fields) => [fields?.trace_id, fields?.span_id]),
      [[traceId, spanId]],
    );
  });
});

describe("the trace of a task", () => {
  let folder: string;
  let spans: SpanRecorder;
  const bots: Bot[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-traces-"));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
    await spans.stop();
  });

  it("goes from its submission over its attempts to its result", async () => {
    const fleet = await createTestFleet();
    const joinAs = async (name: string) => {
      const bot = await fleet.bot(name);
      bots.push(bot);
      return bot;
    };
    const store = await openTaskStore(join(folder, "tasks.db"));
    const leader = createLeader({ name: "leader/1", store, log: silentLog });
    while (!leader.leads) await new Promise<void>((resolve) => leader.onLead(() => resolve()));
    const { address } = await (await joinAs("leader/1")).serve({ port: 0 }, leaderRoutes(leader));
    const swarm = connectSwarm(await joinAs("operator/1"), [address]);
    spans = recordSpans();
    const over = new AbortController();
    const working = runWorker(
      await joinAs("worker/1"),
      { leaders: [address], signal: over.signal, log: silentLog },
      (task) =>
        inSpan("work", async () => {
          if (task.kind === "never") throw new TaskRefusal("reject", "It makes no sense.");
          return Buffer.from("done");
        }),
    );
    await inSpan("order", () => swarm.submit({ kind: "carry" }));
    const found = await spans.take(6);
    const [order, submission] = [named(found, "order"), found.find(({ kind }) => kind === SpanKind.SERVER)];
    assert.ok(submission);
    assert.equal(submission.name, "interlock.swarm.v1.OperatorService/SubmitTask");
    const [attempt, result] = [named(found, "process carry"), named(found, "task carry")];
    for (const span of [attempt, result]) {
      assert.ok(isChildOf(span, submission));
      assert.deepEqual(
        span.links.map(({ context }) => context.spanId),
        [submission.spanContext().spanId],
      );
    }
    assert.equal(attempt.kind, SpanKind.CONSUMER);
    assert.equal(attempt.attributes["interlock.task.outcome"], "completeTask");
    assert.equal(result.attributes["interlock.task.state"], "COMPLETED");
    assert.equal(result.attributes["interlock.task.worker"], "worker/1");
    assert.ok(isChildOf(named(found, "work"), attempt));
    assert.ok(found.every((span) => span.spanContext().traceId === order.spanContext().traceId));

    const { task } = await swarm.submit({ kind: "never" });
    const refused = await spans.take(5);
    assert.equal(named(refused, "process never").attributes["interlock.task.outcome"], "rejectTask");
    assert.equal(named(refused, "task never").attributes["interlock.task.state"], "REJECTED");
    assert.equal(named(refused, "task never").attributes["interlock.task.id"], task.taskId);
    over.abort();
    await working.catch(() => {});
    await leader.close();
    await store.close();
  });
});

describe("docs/traces.md", () => {
  const page = readFileSync(join(root, "docs/traces.md"), "utf8");

  it("has code that registers an SDK", () => {
    const [code, ...others] = readBlocks(page).filter(({ language }) => language === "ts");
    assert.ok(code && others.length === 0);
    const check = "if (!trace.getTracer('x').startSpan('x').isRecording()) process.exit(1);";
    const args = ["--input-type=module", "--eval", `${code.text}\n${check}`];
    execFileSync(process.execPath, args, { cwd: join(root, "test") });
  });

  it("names every reason and attribute of ours", () => {
    for (const name of [...Object.keys(endReasons), ...Object.values(ownAttributes)]) {
      assert.ok(page.includes(`\`${name}\``), name);
    }
  });
});
