import assert from "node:assert/strict";
import { metrics } from "@opentelemetry/api";
import { type DataPoint, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

class OnDemand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

describe("metrics of a bot", () => {
  let reader: OnDemand;
  let provider: MeterProvider;
  let fleet: TestFleet;
  let server: EchoServer;

  beforeEach(async () => {
    reader = new OnDemand();
    provider = new MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(provider);
    fleet = await createTestFleet();
    server = await serveEcho(fleet);
  });
  afterEach(async () => {
    await server.bot.close(0);
    metrics.disable();
    await provider.shutdown();
  });

  async function points(name: string): Promise<DataPoint<number>[]> {
    const { resourceMetrics } = await reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const found = all.find(({ descriptor }) => descriptor.name === name);
    const mine = (found?.dataPoints ?? []) as DataPoint<number>[];
    return mine.filter(({ attributes }) => attributes["interlock.bot"] === "echo/1");
  }
  const value = async (name: string) => (await points(name))[0]?.value;
  const path = EchoService.methods.echo.path;
  const method = path.slice(1);

  it("count calls by method, outcome and reason, for all callers, and across reports", async () => {
    await server.goodCall();
    fleet.recorder.take();
    await server.goodCall();
    const session = rawSession(server.port, shows(await fleet.ca.issue("spiffe://test/bad/1")));
    await rawCall(session, path);
    session.destroy();
    const rows = (await points("interlock.server.calls")).map((point) => [point.attributes, point.value]);
    const call = { "interlock.bot": "echo/1", "rpc.system.name": "grpc", "rpc.method": method };
    assert.deepEqual(rows, [
      [{ ...call, "interlock.outcome": "admitted" }, 2],
      [
        {
          ...call,
          "interlock.outcome": "denied",
          "rpc.response.status_code": "UNAUTHENTICATED",
          "error.type": "TOKEN_MISSING",
        },
        1,
      ],
    ]);
    assert.ok(!JSON.stringify(rows).includes("bad/1"));
  });

  it("count refused handshakes by reason", async () => {
    await rawCall(rawSession(server.port), path);
    await server.denied(1);
    const [refused] = await points("interlock.server.handshakes.refused");
    assert.deepEqual([refused?.attributes["error.type"], refused?.value], ["NO_CERTIFICATE", 1]);
  });

  it("show what is open, and what is trusted, for how long", async () => {
    const caller = await fleet.bot("caller");
    const stream = caller.client(EchoService, server.address).count({ reason: "1" });
    for await (const _ of stream) {
      assert.equal(await value("interlock.server.connections"), 1);
      assert.equal(await value("interlock.server.active_calls"), 1);
      assert.equal(await value("interlock.server.tokens"), 1);
      break;
    }
    await caller.close(0);
    assert.equal(await value("interlock.trust.version"), 1);
    assert.equal(await value("interlock.trust.stale_after"), 60);
    assert.equal(await value("interlock.trust.stale"), 0);
    assert.ok(Number(await value("interlock.trust.age")) < 60);
    const left = Number(await value("interlock.certificate.remaining"));
    assert.ok(left > 3_000 && left <= 3_600, String(left));
    assert.equal(await value("interlock.certificate.renewals"), 0);
  });

  it("end with the bot", async () => {
    assert.equal(await value("interlock.trust.version"), 1);
    await server.bot.close(0);
    fleet.trust.replace({ ...fleet.trust.state, version: 2n });
    assert.equal(await value("interlock.trust.version"), 1, "nobody looks any more");
  });
});
