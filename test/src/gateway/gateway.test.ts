import assert from "node:assert/strict";
import { type Bot, InterlockError } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import type { Gateway } from "@interlock/gateway";
import { type Echo, type GatewayStage, gatewayStage, RoutedEcho } from "./gateway-stage.js";

describe("a gateway", () => {
  let stage: GatewayStage;
  let echo: Echo;
  let gateway: Gateway;
  let caller: Bot;
  const viaGateway = (bot: Bot) => bot.client(EchoService, gateway.address, { server: "gateway/*" });

  before(async () => {
    stage = await gatewayStage();
    echo = await stage.serve("echo/1");
    gateway = await stage.gateway("gateway/1", { addresses: [echo.address] });
    caller = await stage.joinAs("caller/1");
  });
  beforeEach(() => void echo.callers.splice(0));
  after(() => stage.end());

  it("passes calls of each kind on, whose callers the bot sees with the gateway as actor", async () => {
    const client = viaGateway(caller);
    assert.equal((await client.echo({ reason: "hello" })).reason, "hello");
    const counted: string[] = [];
    for await (const { reason } of client.count({ reason: "100" })) counted.push(reason);
    assert.equal(counted.length, 100);
    async function* many() {
      for (let i = 0; i < 100; i++) yield { reason: String(i) };
    }
    assert.equal((await client.join(many())).reason, "100");
    const back: string[] = [];
    for await (const { reason } of client.chat(many())) back.push(reason);
    assert.equal(back.length, 100);
    for (const { name, actors } of echo.callers) {
      assert.deepEqual([name, actors.map((actor) => actor.name)], ["caller/1", ["gateway/1"]]);
    }
    assert.equal(echo.callers.length, 4);
  });

  it("refuses at its own door", async () => {
    const poor = await stage.joinAs("poor/1");
    await assert.rejects(viaGateway(poor).echo({}), (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.code, error.reason], ["PERMISSION_DENIED", "SCOPE_MISSING"]);
      return true;
    });
    assert.equal(echo.callers.length, 0);
  });

  it("does not speak in its own name for a bot that shows no token, unless the route says so", async () => {
    const strict = await stage.gateway("gateway/2", { routes: [{ service: RoutedEcho, addresses: [echo.address] }] });
    const client = caller.client(EchoService, strict.address, { server: "gateway/*" });
    await assert.rejects(client.open({}), { code: "PERMISSION_DENIED", reason: "ACTOR_NOT_ALLOWED" });
    assert.equal(echo.callers.length, 0);
    assert.equal((await client.echo({ reason: "control" })).reason, "control");
    await viaGateway(caller).open({});
    assert.equal(echo.callers.at(-1)?.name, "gateway/1");
  });

  it("never passes the authority on, which acts for the bot that is connected to it", async () => {
    const routes = [{ service: AuthorityService, addresses: [stage.authority.address] }];
    await assert.rejects(stage.gateway("gateway/3", { routes }), /AuthorityService cannot be passed on/);
    await assert.rejects(gateway.reload(routes), /AuthorityService cannot be passed on/);
    assert.equal((await viaGateway(caller).echo({ reason: "still there" })).reason, "still there");
  });

  it("passes nothing on that its routes do not name", async () => {
    const Other = { ...EchoService, methods: { echo: { ...EchoService.methods.open, path: "/test.Other/Open" } } };
    await assert.rejects(
      caller.client(Other, gateway.address, { server: "gateway/*" }).echo({}),
      /UNIMPLEMENTED|no such method/,
    );
  });
});
