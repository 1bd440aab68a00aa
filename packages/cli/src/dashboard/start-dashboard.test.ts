import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, startAuthority, type TokenNotice } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { openGateway } from "@interlock/gateway";
import { createFleetView, type FleetView } from "./model/fleet.js";
import { applyPatch, type Patch } from "./model/patch.js";
import { startDashboard } from "./start-dashboard.js";

describe("the dashboard of a fleet", () => {
  let dir: string;
  let authority: Authority;
  const open: { close(graceMs?: number): Promise<unknown> }[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "interlock-dashboard-"));
    authority = await startFleet();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close(0);
    await authority.close();
    await rm(dir, { recursive: true });
  });

  const startFleet = (port = 0) =>
    startAuthority({
      dataDir: join(dir, "authority"),
      trustDomain: "cafe",
      host: "127.0.0.1",
      port,
      staleAfterMs: 3_000,
      log: silentLog,
    });

  async function bot(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const joined = await joinFleet({
      authority: authority.address,
      name,
      joinToken,
      stateDir: join(dir, name),
      log: silentLog,
    });
    open.push(joined);
    return joined;
  }

  /** Follows the dashboard as its page does. */
  async function follow(link: string): Promise<(fits: (view: FleetView) => boolean) => Promise<FleetView>> {
    const entered = await fetch(link, { redirect: "manual" });
    const cookie = entered.headers.get("set-cookie")?.split(";")[0] ?? "";
    const ending = new AbortController();
    const events = await fetch(new URL("/events", link), { headers: { cookie }, signal: ending.signal });
    open.push({ close: async () => ending.abort() });
    const reader = (events.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let view = createFleetView("", "");
    return async (fits) => {
      while (!fits(view)) {
        const { value, done } = await reader.read();
        if (done) throw new Error("the stream has ended");
        text += value;
        const whole = text.split("\n\n");
        text = whole.pop() ?? "";
        for (const event of whole) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data === undefined) continue;
          const message = JSON.parse(data) as { view?: FleetView; patch?: Patch };
          if (message.view) view = message.view;
          if (message.patch) applyPatch(view, message.patch);
        }
      }
      return structuredClone(view);
    };
  }

  it("shows what is there and what is refused, holds no scope to act, and keeps what it knows while the authority is away", async () => {
    const tokens: TokenNotice[] = [];
    authority.onToken((token) => tokens.push(token));
    const operator = await bot("operator/x");
    const arm = await bot("arm/1");
    const serve = async () => ({});
    const { address } = await arm.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        echo: serve,
        open: serve,
        reset: serve,
        join: serve,
        async *count() {},
        async *chat() {},
      }),
    );
    await authority.applyGrants(`grants: {"arm/*": {${EchoService.name}: ["echo:call"]}}`);
    await authority.revoke({ kind: "pattern", subject: "old/*" }, "replaced");
    const dashboard = await startDashboard(operator, authority.address, 0);
    open.push(dashboard);
    const until = await follow(dashboard.link);

    const { tables, status, link } = await until((view) => Object.keys(view.tables.endpoints).length > 3);
    assert.deepEqual([link.up, status?.trustDomain, status?.grantsVersion], [true, "cafe", 1]);
    assert.deepEqual([tables.bots["arm/1"]?.state, tables.bots["arm/1"]?.online], ["member", true]);
    const { certificateExpiresAt = 0, lateMs = 0 } = tables.bots["arm/1"] ?? {};
    assert.ok(certificateExpiresAt > Date.now() + 3_000_000);
    assert.ok(Math.abs(lateMs - 900_000) < 60_000, `a quarter of an hour: ${lateMs}`);
    const [served] = Object.values(tables.endpoints).filter(({ service }) => service === EchoService.name);
    assert.deepEqual([served?.bot, served?.addresses, served?.online], ["arm/1", address, true]);
    assert.deepEqual(
      Object.values(tables.revocations).map(({ kind, subject, reason }) => [kind, subject, reason]),
      [["pattern", "old/*", "replaced"]],
    );
    assert.deepEqual(
      Object.values(tables.grants).map(({ identity, service, scopes }) => [identity, service, scopes]),
      [["arm/*", EchoService.name, "echo:call"]],
    );

    await assert.rejects(arm.client(AdminService, authority.address).listBots({}), { reason: "NO_GRANT" });
    const refused = await until((view) =>
      Object.values(view.tables.refusals).some(({ reason }) => reason === "NO_GRANT"),
    );
    assert.deepEqual(Object.values(refused.tables.refusals)[0]?.caller, "arm/1");

    assert.deepEqual(
      [...new Set(tokens.filter(({ name }) => name === "operator/x").flatMap(({ scopes }) => scopes))].sort(),
      ["bots:read", "fleet:read", "grants:read", "usage:read"],
    );

    const port = authority.port;
    await authority.close();
    const away = await until((view) => !view.link.up);
    assert.ok(away.link.heardAt > Date.now() - 30_000 && away.link.reason !== "");
    assert.equal(away.tables.bots["arm/1"]?.state, "member", "what is known stays");
    authority = await startFleet(port);
    await until((view) => view.link.up);
  });

  it("shows what runs through a gateway: from whom, to which service and bot, and what was refused", async () => {
    await authority.applyGrants(`grants:
      "caller/1": {${EchoService.name}: ["echo:call"]}
      "gateway/*": {${EchoService.name}: ["token:exchange", "directory:read"]}`);
    const serve = async () => ({});
    const arm = await bot("arm/1");
    const { address } = await arm.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        ...{ echo: serve, open: serve, reset: serve, join: serve },
        async *count() {},
        async *chat() {},
      }),
    );
    const routes = [{ service: EchoService, addresses: [address], servers: ["arm/*"], anyBot: true }];
    const bots = [await bot("caller/1"), await bot("gateway/1")] as const;
    const gateway = await openGateway(bots[1], { port: 0, routes });
    const client = bots[0].client(EchoService, gateway.address, { server: "gateway/*" });
    for (let i = 0; i < 5; i++) await client.echo({});
    await assert.rejects(client.reset({}), { code: "PERMISSION_DENIED" });
    const dashboard = await startDashboard(await bot("viewer/alice"), authority.address, 0);
    open.push(dashboard);
    const until = await follow(dashboard.link);
    for (const one of [bots[0], arm]) await one.close(0); // They report what they have counted.
    const { tables } = await until(({ tables }) => Object.values(tables.flows).some(({ refused }) => refused > 0));
    assert.deepEqual(
      Object.values(tables.flows).map(({ key: _, ...row }) => row),
      [
        {
          ...{ gateway: "gateway/1", caller: "caller/1", by: "", service: EchoService.name, servers: "arm/1" },
          ...{ calls: 5, refused: 1 },
        },
      ],
    );
    await gateway.close(0);
  });

  it("works for a viewer, whose name gets no other scope", async () => {
    const viewer = await bot("viewer/alice");
    const dashboard = await startDashboard(viewer, authority.address, 0);
    open.push(dashboard);
    const until = await follow(dashboard.link);
    const { viewer: name } = await until((view) => view.tables.bots["viewer/alice"] !== undefined);
    assert.equal(name, "viewer/alice");
    const admin = viewer.client(AdminService, authority.address);
    for (const act of [
      () => admin.revoke({ subject: { $case: "pattern", value: "x/*" }, reason: "" }),
      () => admin.applyGrants({ yaml: "grants: {}" }),
      () => admin.createJoinToken({ name: "operator/mallory" }),
      () => admin.retireBot({ name: "viewer/alice" }),
      () => admin.rotateTokenKey({}),
      () => admin.prepareCa({}),
    ]) {
      await assert.rejects(act, { code: "PERMISSION_DENIED", reason: "SCOPE_MISSING" });
    }
  });
});
