import assert from "node:assert/strict";
import type { Bot } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { openGateway } from "@interlock/gateway";
import { type GatewayStage, gatewayStage, RoutedEcho } from "./gateway-stage.js";
import { keepCalling, until } from "./keep-calling.js";

// The same for a minute, with more: npm run soak -- gateway --seconds 60
describe("through a gateway, with certificates and tokens of seconds", () => {
  let stage: GatewayStage;
  before(async () => {
    stage = await gatewayStage({ leafTtlMs: 10_000, tokenTtlMs: 6_000 });
  });
  after(() => stage.end());

  it("a stream outlives its token and the certificates of all three, and no call fails", async () => {
    const { bot, address } = await stage.serve("echo/1");
    const between = await stage.joinAs("gateway/1");
    const gateway = await openGateway(between, { port: 0, routes: [{ service: RoutedEcho, addresses: [address] }] });
    const caller = await stage.joinAs("caller/1");
    const renewals = new Map<Bot, number>([bot, between, caller].map((one) => [one, 0]));
    for (const one of renewals.keys()) {
      one.identity.onChange(() => renewals.set(one, (renewals.get(one) ?? 0) + 1));
    }

    const client = caller.client(EchoService, gateway.address, { server: "gateway/*", attempts: 1 });
    let open = true;
    let back = 0;
    async function* requests() {
      for (let i = 0; open; i++) {
        yield { reason: String(i) };
        await until(() => back > i || !open); // One at a time, so that each shows that the stream lives.
      }
    }
    const stream = (async () => {
      for await (const { reason } of client.chat(requests())) assert.equal(reason, String(back++));
    })();
    const calls = keepCalling((i) => client.echo({ reason: String(i) }), 2);
    const begun = Date.now();
    await Promise.race([
      stream.then(() => assert.fail("the stream has ended")),
      until(() => Math.min(...renewals.values()) >= 2 && Date.now() > begun + 13_000), // Twice as long as a token lasts.
    ]);
    const before = back;
    await until(() => back > before);
    open = false;
    await stream;
    await calls.stop();
    assert.deepEqual(calls.failures, []);
    await gateway.close(0);
  });
});
