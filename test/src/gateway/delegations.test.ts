import assert from "node:assert/strict";
import type { Bot } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { openGateway } from "@interlock/gateway";
import { type GatewayStage, gatewayStage, RoutedEcho } from "./gateway-stage.js";

const audience = EchoService.name;
const { echo } = EchoService.methods;

describe("delegations and approvals behind a gateway", () => {
  let stage: GatewayStage;
  let leader: Bot;
  let agent: Bot;
  const authorityOf = (bot: Bot) => bot.client(AuthorityService, stage.authority.address);

  beforeEach(async () => {
    stage = await gatewayStage();
    await stage.authority.applyGrants(`
grants:
  "leader/*": {${audience}: ["echo:call", "token:delegate"]}
  "gateway/*": {${audience}: ["token:exchange", "directory:read"]}
`);
    [leader, agent] = [await stage.joinAs("leader/1"), await stage.joinAs("agent/1")];
  });
  afterEach(() => stage.end());

  async function give(methods: readonly string[] = []): Promise<string> {
    const names = methods.map((name) => `${audience}/${name}`);
    const asked = { to: "agent/1", scopes: ["echo:call"], methods: names };
    return (await authorityOf(leader).delegate(asked)).delegation?.id ?? "";
  }

  it("go on with each call under its own delegation, where one bot holds several of one giver", async () => {
    const server = await stage.serve("echo/1");
    const { address } = await stage.gateway("gateway/1", { addresses: [server.address] });
    const [echoOnly, all] = [await give(["Echo"]), await give()];
    const under = (delegation: string) => agent.client(EchoService, address, { delegation, server: "gateway/*" });
    const [narrow, wide] = [under(echoOnly), under(all)];
    await narrow.echo({ reason: "1" });
    await wide.echo({ reason: "2" });
    assert.equal((await wide.join([{ reason: "3" }])).reason, "1");
    await narrow.echo({ reason: "4" });
    assert.deepEqual(
      server.callers.map(({ delegation }) => delegation),
      [echoOnly, all, all, echoOnly],
    );
  });

  it("go on with an approved call under its approval, also after other calls under the same delegation", async () => {
    const policy = { ...EchoService.methods.echo.policy, approval: "delegated" } as const;
    const service = { ...RoutedEcho, methods: { ...RoutedEcho.methods, echo: { ...echo, policy } } };
    const bot = await stage.joinAs("echo/1");
    const handled: string[] = [];
    const handlers = {
      echo(request: { readonly reason: string }) {
        handled.push(request.reason);
        return request;
      },
      join: () => ({}),
      open: () => ({}),
      reset: () => ({}),
      async *count() {},
      async *chat() {},
    };
    const served = await bot.serve({ port: 0 }, (routes) => routes.add(service, handlers as never));
    const door = await stage.joinAs("gateway/1");
    const gateway = await openGateway(door, {
      port: 0,
      routes: [{ service, addresses: [served.address] }],
      logSample: 0,
    });
    const delegation = await give();
    const options = { delegation, server: "gateway/*" };
    const plain = agent.client(service, gateway.address, options);
    await plain.join([]);
    await assert.rejects(plain.echo({ reason: "soft" }), { reason: "APPROVAL_REQUIRED" });
    const request = echo.request.encode(echo.request.fromPartial({ reason: "soft" })).finish();
    const method = `${audience}/Echo`;
    const { approval } = await authorityOf(agent).requestApproval({ method, request, delegation });
    const operator = await stage.joinAs("operator/1");
    const id = approval?.id ?? "";
    const admin = operator.client(AdminService, stage.authority.address);
    await admin.decideApproval({ id, approve: true });
    await agent.client(service, gateway.address, { ...options, approval: id }).echo({ reason: "soft" });
    assert.deepEqual(handled, ["soft"]);
    await plain.join([]);
    await assert.rejects(plain.echo({ reason: "soft" }), { reason: "APPROVAL_REQUIRED" });
    await gateway.close(0);
  });
});
