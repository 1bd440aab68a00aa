import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Bot,
  certificatesToPem,
  createKeyPair,
  fromFiles,
  InterlockError,
  joinFleet,
  silentLog,
} from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { metrics } from "@opentelemetry/api";
import { type DataPoint, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { type Authority, startAuthority } from "./authority.js";
import { createCa } from "./ca/ca.js";

const log = silentLog;

class OnDemand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

describe("an authority in operation", () => {
  let folder: string;
  let reader: OnDemand;
  let provider: MeterProvider;
  let authority: Authority;
  let bots: Bot[];

  const start = () =>
    startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "cafe",
      port: 0,
      log,
      tokenRate: { burst: 3, perSecond: 0.001 },
    });

  beforeEach(async () => {
    reader = new OnDemand();
    provider = new MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(provider);
    folder = await mkdtemp(join(tmpdir(), "interlock-operations-"));
    authority = await start();
    bots = [];
  });
  afterEach(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    await authority.close();
    metrics.disable();
    await provider.shutdown();
    await rm(folder, { recursive: true });
  });

  async function joined(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(folder, "bots", name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log });
    bots.push(bot);
    return bot;
  }

  const adminOf = (bot: Bot) => bot.client(AdminService, authority.address);

  it("reports its state: what expires when, how many bots belong to it, and how many follow it", async () => {
    const admin = adminOf(await joined("operator/alice"));
    await joined("gripper/1");
    await joined("gripper/2");
    await admin.retireBot({ name: "gripper/2" });
    await admin.revoke({ subject: { $case: "pattern", value: "robot/*" }, reason: "" });
    const status = await admin.getStatus({});
    const { trustDomain, bots: members, revocations, staleAfterSeconds } = status;
    assert.deepEqual([trustDomain, members, revocations, staleAfterSeconds], ["cafe", 2, 1, 60]);
    assert.equal(status.trustVersion, bots[0]?.trust.state.version);
    assert.ok(status.botsConnected >= 1 && status.botsConnected <= 3, String(status.botsConnected));
    assert.ok(Number(status.caExpiresAt) > Number(status.certificateExpiresAt));
    assert.ok(Number(status.certificateExpiresAt) > Date.now());
  });

  it("says how many bots on record a revocation is for", async () => {
    const admin = adminOf(await joined("operator/alice"));
    const gripper = await joined("gripper/1");
    const revoke = async (subject: Parameters<typeof admin.revoke>[0]["subject"]) =>
      (await admin.revoke({ subject, reason: "" })).bots;
    assert.equal(await revoke({ $case: "identity", value: "spiffe://cafe/gripper/9" }), 0);
    assert.equal(await revoke({ $case: "pattern", value: "gripper/*" }), 1);
    assert.equal(await revoke({ $case: "certificate", value: gripper.identity.current().leaf.serial }), 1);
    assert.equal(await revoke({ $case: "identity", value: "spiffe://cafe/gripper/1" }), 1);
    assert.equal(await revoke({ $case: "token", value: "abc" }), 0);
  });

  it("lets a bot ask for so many tokens and no more, says when to come again, and serves others", async () => {
    await authority.applyGrants('grants:\n  "*/*":\n    cafe.v1.CoffeeService: [coffee:brew]\n');
    const ask = async (bot: Bot) =>
      bot.client(AuthorityService, authority.address).issueToken({
        audience: "cafe.v1.CoffeeService",
        scopes: ["coffee:brew"],
      });
    const greedy = await joined("greedy/1");
    for (let i = 0; i < 3; i++) await ask(greedy);
    await assert.rejects(ask(greedy), (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "RATE_LIMITED"]);
      assert.ok(Number(error.metadata.retryAfterMs) > 900_000, error.metadata.retryAfterMs);
      assert.match(error.message, /keep tokens until they expire/);
      return true;
    });
    await ask(await joined("modest/1"));
  });

  it("counts what it issues, and shows it as metrics", async () => {
    await authority.applyGrants('grants:\n  "*/*":\n    cafe.v1.CoffeeService: [coffee:brew]\n');
    const bot = await joined("coffee/1");
    const request = { audience: "cafe.v1.CoffeeService", scopes: ["coffee:brew"] };
    await bot.client(AuthorityService, authority.address).issueToken(request);
    await authority.revoke({ kind: "pattern", subject: "robot/*" }, "");
    const { resourceMetrics } = await reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const points = (name: string) =>
      (all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []) as DataPoint<number>[];
    assert.equal(points("interlock.authority.tokens.issued")[0]?.value, 1);
    assert.deepEqual(
      points("interlock.authority.enrollments").map(({ attributes, value }) => [
        attributes["interlock.enrollment"],
        value,
      ]),
      [
        ["join", 1],
        ["renewal", 0],
        ["recovery", 0],
      ],
    );
    assert.equal(points("interlock.authority.revocations")[0]?.value, 1);
    assert.equal(points("interlock.authority.bots.connected")[0]?.value, 1);
    const own = points("interlock.trust.version").find(
      ({ attributes }) => attributes["interlock.bot"] === "interlock/authority",
    );
    assert.equal(BigInt(own?.value ?? 0), authority.trustVersion);
  });

  it("gives trust and tokens to a bot whose identity is in files that something else keeps", async () => {
    await authority.applyGrants("grants:\n  kept/1:\n    cafe.v1.CoffeeService: [coffee:brew]\n");
    const { privateKey, chain } = (await joined("kept/1")).identity.current();
    const paths = {
      certificate: join(folder, "tls.crt"),
      key: join(folder, "tls.key"),
      ca: join(folder, "ca.crt"),
    };
    await writeFile(paths.key, privateKey, { mode: 0o600 });
    await writeFile(paths.certificate, certificatesToPem(chain));
    await writeFile(paths.ca, certificatesToPem([authority.caCertificate]));
    const stateDir = join(folder, "bots", "elsewhere");
    const options = { authority: authority.address, identity: fromFiles(paths), stateDir, log };
    const bot = await joinFleet(options);
    bots.push(bot);
    assert.equal(bot.name, "kept/1");
    assert.equal(bot.trust.isStale(), false, "it has waited for the first word");
    assert.equal(bot.trust.state.version, authority.trustVersion);
    const request = { audience: "cafe.v1.CoffeeService", scopes: ["coffee:brew"] };
    assert.ok((await bot.client(AuthorityService, authority.address).issueToken(request)).token);
  });

  it("knows a bot that never joined, by what it reports", async () => {
    // Its certificate is of the fleet's CA, as a certificate manager with that CA would make it.
    const dataDir = join(folder, "authority");
    const root = (await readdir(dataDir)).find((file) => file.startsWith("ca-root-")) ?? "";
    const [, key = ""] =
      /^(-+BEGIN PRIVATE.*?END PRIVATE KEY-+)/s.exec(await readFile(join(dataDir, root), "utf8")) ?? [];
    const ca = await createCa([authority.caCertificate], key, () => 3_600_000);
    const { privateKeyPem, publicKey } = await createKeyPair();
    const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", publicKey));
    const chain = await ca.issueLeaf("spiffe://cafe/kept/1", spki, Date.now());
    const paths = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key"), ca: join(folder, "ca.crt") };
    await writeFile(paths.key, privateKeyPem, { mode: 0o600 });
    await writeFile(paths.certificate, certificatesToPem(chain));
    await writeFile(paths.ca, certificatesToPem([authority.caCertificate]));
    const stateDir = join(folder, "bots", "kept");
    const options = { authority: authority.address, identity: fromFiles(paths), stateDir, version: "2.1", log };
    const kept = await joinFleet(options);
    await authority.applyGrants("grants: {caller/1: {test.EchoService: ['echo:call']}}");
    const echo = { ...handlers, echo: (request: object) => request };
    const { address } = await kept.serve({ port: 0 }, (routes) => routes.add(EchoService, echo));
    await (await joined("caller/1")).client(EchoService, address).echo({});
    await kept.close(0); // It reports what it has counted.

    const admin = adminOf(await joined("operator/alice"));
    const isKept = ({ spiffeId }: { spiffeId: string }) => spiffeId === "spiffe://cafe/kept/1";
    assert.equal((await admin.listBots({})).bots.some(isKept), false);
    const process = (await admin.listInstances({})).instances.find(isKept);
    assert.deepEqual([process?.version, process?.stoppedAt !== undefined], ["2.1", true]);
    const { usage } = await admin.listUsage({ bot: "kept/1", service: EchoService.name });
    assert.deepEqual(
      usage.map(({ method, caller, count }) => [method, caller, count]),
      [["test.EchoService/Echo", "spiffe://cafe/caller/1", 1n]],
    );
    const server = (await admin.listServerRecords({})).servers.find(isKept);
    assert.deepEqual([server?.service, server?.uncountedAt], [EchoService.name, undefined]);
  });

  it("need not be named again by a bot that has joined it; and one that comes back without it is stale", async () => {
    const stateDir = join(folder, "bots", "coffee/1");
    await (await joined("coffee/1")).close(0);
    const again = await joinFleet({ name: "coffee/1", stateDir, log });
    assert.equal(again.trust.isStale(), false);
    await again.close(0);
    const { address } = authority;
    await authority.close();
    const before = Date.now();
    const alone = await joinFleet({ name: "coffee/1", stateDir, log });
    assert.equal(alone.trust.isStale(), true);
    assert.ok(alone.trust.heardAt <= before && alone.trust.heardAt > before - 60_000);
    await alone.close(0);
    await assert.rejects(
      joinFleet({ name: "coffee/2", stateDir: join(folder, "none"), log }),
      /address of the authority of coffee\/2/,
    );
    authority = await startAuthority({ dataDir: join(folder, "authority"), trustDomain: "cafe", port: 0, log });
    assert.notEqual(authority.address, address);
  });
});

const handlers = {
  async *count() {},
  join: () => ({}),
  async *chat() {},
  open: () => ({}),
  reset: () => ({}),
};
