import assert from "node:assert/strict";
import { bars, gateway, shortestGatewaySoakMs } from "./gateway.js";

/** A machine that is busy with other tests keeps no bar in milliseconds. */
const slack = 10;

// The same with certificates of 30 s, for a minute: npm run soak -- gateway --seconds 60
describe("gateways under load", function () {
  this.timeout(180_000);

  it("fail no call while everything is renewed and reloaded, and are well again after a SIGKILL", async () => {
    const run = gateway.start({ durationMs: shortestGatewaySoakMs, stores: ["sqlite"], progress: () => {} });
    await run.measure(() => {});
    const { json, text } = run.result();
    const { failed, longStreams, renewals, drained, killedBot, killedGateway } = json as Found;
    assert.deepEqual({ failed, longStreams, drained: drained.failed }, { failed: 0, longStreams: 8, drained: 0 }, text);
    assert.ok(Math.min(...Object.values(renewals)) >= 4, text);
    assert.deepEqual(Object.keys(killedBot.inFlight), ["UNAVAILABLE"], text);
    assert.deepEqual(Object.keys(killedBot.meanwhile), ["UNAVAILABLE"], text);
    assert.deepEqual(killedGateway.failures, [], text);
    assert.ok(killedBot.refusedMs <= slack * bars.refusedMs, text);
    assert.ok(killedBot.recoveredMs <= slack * bars.recoveredMs, text);
    assert.ok(killedGateway.passedMs <= slack * bars.passedMs, text);
  });
});

interface Found {
  readonly failed: number;
  readonly longStreams: number;
  readonly renewals: Readonly<Record<string, number>>;
  readonly drained: { readonly failed: number };
  readonly killedBot: {
    readonly inFlight: Readonly<Record<string, number>>;
    readonly meanwhile: Readonly<Record<string, number>>;
    readonly refusedMs: number;
    readonly recoveredMs: number;
  };
  readonly killedGateway: { readonly passedMs: number; readonly failures: readonly string[] };
}
