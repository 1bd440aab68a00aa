import assert from "node:assert/strict";
import type { Bot } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { type Gateway, openGateway } from "@interlock/gateway";
import { type GatewayStage, gatewayStage } from "./gateway-stage.js";

const { echo } = EchoService.methods;
const BehindEcho = {
  ...EchoService,
  servedBy: ["echo/*"],
  via: ["gateway/*"],
  methods: { echo },
};

// Row 27 of the security contract: a backend reached around its gateway.
describe("a service whose proto file names its gateway", () => {
  let stage: GatewayStage;
  let gateway: Gateway;
  let address: string;
  let callers: string[];

  beforeEach(async () => {
    stage = await gatewayStage();
    callers = [];
    const bot = await stage.joinAs("echo/1");
    ({ address } = await bot.serve({ port: 0, callerRate: { perSecond: 0.001, burst: 40 } }, (routes) =>
      routes.add(BehindEcho, {
        echo(request, { caller }) {
          callers.push([caller.name, ...caller.actors.map(({ name }) => name)].join(" "));
          return request;
        },
      }),
    ));
    gateway = await openGateway(await stage.joinAs("gateway/1"), { port: 0, routes: [BehindEcho] });
  });
  afterEach(async () => {
    await gateway.close(0);
    await stage.end();
  });

  it("is called at the gateway by clients that know nothing but its name, and refuses them at its own address", async () => {
    const caller = await stage.joinAs("caller/1");
    assert.equal((await caller.client(BehindEcho).echo({ reason: "a" })).reason, "a");
    assert.deepEqual(callers, ["caller/1 gateway/1"]);
    const around = caller.client(BehindEcho, address, { server: "echo/*" });
    await assert.rejects(around.echo({}), { reason: "GATEWAY_REQUIRED", code: "UNAUTHENTICATED" });
    assert.equal(callers.length, 1);
  });

  it("refuses a caller that floods through the gateway, and never another", async () => {
    const [flooding, quiet] = (await Promise.all(["caller/1", "caller/2"].map((name) => stage.joinAs(name)))) as [
      Bot,
      Bot,
    ];
    const [bad, good] = [flooding.client(BehindEcho), quiet.client(BehindEcho)];
    let refused = 0;
    // Fewer at once than the gateway lets in at the least: what it refuses itself when it is busy is not meant here.
    for (let i = 0; i < 30; i++) {
      const some = Array.from({ length: 40 }, () =>
        bad.echo({}).catch((error) => {
          assert.equal(error.code, "RESOURCE_EXHAUSTED", String(error));
          refused++;
        }),
      );
      await Promise.all([...some, good.echo({})]);
    }
    assert.ok(refused > 1_100, `${refused} refused`);
    assert.equal(callers.filter((caller) => caller === "caller/2 gateway/1").length, 30);
  });
});
