import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, InterlockError, joinFleet, type Log, type LogFields, silentLog } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { createTestCa, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { makeTemporaryFolder, type TemporaryFolder } from "@interlock/testing-processes";
import { writeAttackCases } from "./attack-cases.js";
import { TankService } from "./gen/plant/tank/v1/tank_interlock.js";
import { buildGo, example, missingGo, tank } from "./go.js";
import { type Running, run, start } from "./processes.js";
import { tankService } from "./tank-service.js";

const service = TankService.name;
const { methods } = TankService;
const tokenTtlMs = 9_000;

describe("examples/go", function () {
  this.timeout(300_000); // Most of it is for the first build.
  let folder: TemporaryFolder;
  let authority: Authority;
  let server: Running; // tank/1, in Go.
  let address: string;
  let foreman: Bot; // foreman/1, in TypeScript.
  const bots: Bot[] = [];
  const programs: Running[] = [];

  before(async function () {
    const missing = await missingGo();
    if (missing) {
      console.log(`skipped: ${missing}`);
      return this.skip();
    }
    await buildGo();
    folder = makeTemporaryFolder("go");
    const dataDir = join(folder.path, "authority");
    const options = { trustDomain: "plant", port: 0, leafTtlMs: 40_000, tokenTtlMs, staleAfterMs: 3_000 };
    authority = await startAuthority({ dataDir, log: silentLog, ...options });
    await authority.applyGrants(await readFile(join(example, "grants.yaml"), "utf8"));
    server = await serve("tank/1");
    address = await addressOf(server);
    foreman = await typescript("foreman/1");
  });
  after(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await Promise.all(bots.map((bot) => bot.close(0)));
    await authority?.close();
    folder?.remove();
  });

  async function typescript(name: string, log: Log = silentLog): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(folder.path, name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log });
    bots.push(bot);
    return bot;
  }
  function go(name: string, ...args: readonly string[]): readonly string[] {
    return [tank, "-authority", authority.address, "-folder", join(folder.path, name), "-name", name, ...args];
  }
  async function invited(name: string): Promise<NodeJS.ProcessEnv> {
    return { INTERLOCK_JOIN_TOKEN: await authority.createJoinToken(name) };
  }
  async function serve(name: string): Promise<Running> {
    const program = start(go(name, "serve", "127.0.0.1:0"), folder.path, await invited(name));
    programs.push(program);
    return program;
  }
  const addressOf = async (program: Running) => (await program.line(/ serves at /)).split(" at ")[1] ?? "";
  const portOf = (text: string) => Number(text.split(":").at(-1));
  const idOf = (name: string) => `spiffe://plant/${name}`;
  /** A token of a bot with the identity that it is bound to: bots renew their certificates, which are short-lived here. */
  async function evidence(bot: Bot, audience = service, scopes = ["tank:read", "tank:fill"]) {
    for (;;) {
      const identity = bot.identity.current();
      const { token } = await bot.client(AuthorityService, authority.address).issueToken({ audience, scopes });
      if (identity === bot.identity.current()) return { token, identity };
    }
  }
  const shown = (token: string) => ({ authorization: `Bearer ${token}` });
  const refused = (code: string, reason: string) => (error: unknown) => {
    assert.ok(error instanceof InterlockError);
    assert.deepEqual([error.code, error.reason, error.domain], [code, reason, "interlock"], error.message);
    return true;
  };
  /** Opens a stream and waits for its first message. Rejects with what ends it afterwards. */
  async function watch(bot: Bot, at = address): Promise<{ readonly ended: Promise<void> }> {
    const levels = bot.client(TankService, at).watch({})[Symbol.asyncIterator]();
    await levels.next();
    const ended = (async () => {
      while (!(await levels.next()).done);
    })();
    ended.catch(() => {}); // It may end before anybody waits.
    return { ended };
  }

  it("judges forged tokens and certificates as TypeScript does", async () => {
    const file = join(folder.path, "attacks.json");
    await writeAttackCases(file);
    const said = await run(["go", "test", "-count=1", "-v", "./..."], example, { INTERLOCK_ATTACKS: file });
    assert.match(said, /--- PASS: TestTokenAttacks/);
    assert.match(said, /--- PASS: TestNarrowedScopes/);
    assert.match(said, /--- PASS: TestCertificateAttacks/);
    assert.doesNotMatch(said, /--- SKIP/);
  });

  it("serves a TypeScript bot, by the policies of the proto file", async () => {
    const client = foreman.client(TankService, address, { server: "tank/1" });
    assert.deepEqual(await client.describe({}), { contents: "water", caller: "foreman/1" });
    assert.deepEqual(await client.read({}), { liters: 100 });
    assert.deepEqual(await client.fill({ liters: 5 }), { liters: 105 });
    await client.drain({});
    await Promise.all([client.sample({}), client.sample({})]);
    await assert.rejects(client.sample({}), refused("RESOURCE_EXHAUSTED", "RATE_LIMITED"));
    await assert.rejects(client.gauge({}), refused("UNIMPLEMENTED", "METHOD_SUNSET"));

    const warned: (LogFields | undefined)[] = [];
    const other = await typescript("tank/3", { ...silentLog, warn: (_message, fields) => warned.push(fields) });
    await other.client(TankService, address).read({});
    assert.deepEqual(warned, []);
    for (let i = 0; i < 2; i++) await other.client(TankService, address).measure({});
    const { deprecation } = methods.measure.policy;
    assert.deepEqual(warned, [{ bot: "tank/3", method: methods.measure.path.slice(1), ...deprecation }]);
    await assert.rejects(other.client(TankService, address).fill({}), (error) => {
      assert.deepEqual((error as InterlockError).metadata, { needed: "tank:fill", held: "" });
      return refused("PERMISSION_DENIED", "SCOPE_MISSING")(error);
    });
    await assert.rejects(
      other.client(TankService, address).drain({}),
      refused("PERMISSION_DENIED", "CALLER_NOT_ALLOWED"),
    );
    const meant = foreman.client(TankService, address, { server: "tank/7" });
    await assert.rejects(meant.read({}), refused("UNAVAILABLE", "SERVER_IDENTITY_MISMATCH"));
  });

  it("calls a TypeScript bot, and a Go bot", async () => {
    const other = await typescript("tank/2");
    const { address: typescriptAddress } = await other.serve({ port: 0 }, (routes) =>
      routes.add(TankService, tankService()),
    );
    await run(go("foreman/2", "call", "describe", typescriptAddress), folder.path, await invited("foreman/2"));
    const call = (...args: readonly string[]) => run(go("foreman/2", "call", ...args), folder.path);
    assert.equal(await call("describe", typescriptAddress), "oil foreman/2");
    assert.equal(await call("read", typescriptAddress, "tank/2"), "40");
    assert.equal(await call("fill", typescriptAddress), "45");
    assert.equal(await call("drain", typescriptAddress), "drained");
    assert.equal(await call("read", typescriptAddress, "tank/7"), "Unavailable SERVER_IDENTITY_MISMATCH");
    assert.equal(await call("describe", address), "water foreman/2");

    const reader = await invited("tank/4");
    assert.equal(await run(go("tank/4", "call", "read", typescriptAddress), folder.path, reader), "0");
    const refusal = await run(go("tank/4", "call", "fill", typescriptAddress), folder.path);
    assert.equal(refusal, "PermissionDenied SCOPE_MISSING");
    assert.equal(await run(go("tank/4", "call", "drain", address), folder.path), "PermissionDenied CALLER_NOT_ALLOWED");
  });

  it("refuses stolen, misdirected and expired tokens, and strangers", async () => {
    const { token, identity } = await evidence(foreman);
    const thief = await typescript("tank/5");
    const session = rawSession(portOf(address), shows(identity));
    const read = async (headers = {}) => {
      const { status, message } = await rawCall(session, methods.read.path, headers);
      return [status, message.split(":")[0]];
    };
    assert.deepEqual(await read(shown(token)), [0, ""]);
    assert.deepEqual(await read(), [16, "TOKEN_MISSING"]);
    assert.deepEqual(await read(shown((await evidence(thief)).token)), [16, "TOKEN_SUBJECT_MISMATCH"]);
    const elsewhere = await evidence(foreman, "plant.pump.v1.PumpService", ["pump:run"]);
    assert.deepEqual(await read(shown(elsewhere.token)), [16, "TOKEN_AUDIENCE"]);
    const unknown = await rawCall(session, `/${service}/Nothing`, shown(token));
    assert.equal(unknown.status, 12);
    const stolen = rawSession(portOf(address), shows(thief.identity.current()));
    const answer = await rawCall(stolen, methods.read.path, shown(token));
    assert.deepEqual([answer.status, answer.message], [16, "TOKEN_SUBJECT_MISMATCH"]);

    const foreign = await (await createTestCa("plant")).issue(idOf("foreman/1"));
    for (const options of [{}, shows(foreign), { ...shows(identity), maxVersion: "TLSv1.2" as const }]) {
      const stranger = rawSession(portOf(address), options);
      assert.equal((await rawCall(stranger, methods.describe.path)).status, undefined);
      stranger.destroy();
    }
    for (const one of [session, stolen]) one.destroy();
  });

  it("ends the streams of what is revoked, and those whose token expires", async () => {
    const names = ["tank/11", "guest/1", "tank/12", "tank/13", "tank/14", "tank/15"];
    const [byName, byPattern, byCertificate, byToken, byGrants, expiring] = await Promise.all(
      names.map((name) => typescript(name)),
    );
    assert.ok(byName && byPattern && byCertificate && byToken && byGrants && expiring);
    const streams = new Map<Bot, Promise<void>>();
    for (const bot of [byName, byPattern, byGrants, expiring]) streams.set(bot, (await watch(bot)).ended);
    let serial: string;
    do {
      serial = byCertificate.identity.current().leaf.serial;
      streams.set(byCertificate, (await watch(byCertificate)).ended);
    } while (serial !== byCertificate.identity.current().leaf.serial);
    const { token, identity } = await evidence(byToken);
    const { jti } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

    await authority.revoke({ kind: "identity", subject: idOf("tank/11") }, "test");
    await authority.revoke({ kind: "pattern", subject: "guest/*" }, "test");
    await authority.revoke({ kind: "certificate", subject: serial }, "test");
    const session = rawSession(portOf(address), shows(identity));
    const read = async () => (await rawCall(session, methods.read.path, shown(token))).message;
    assert.equal(await read(), "");
    await authority.revoke({ kind: "token", subject: jti }, "test");
    while ((await read()) === "");
    assert.equal(await read(), "TOKEN_REVOKED");
    session.destroy();
    const grants = await readFile(join(example, "grants.yaml"), "utf8");
    await authority.applyGrants(
      grants.replace('"tank/*":', '"tank/14":\n    plant.pump.v1.PumpService: [pump:run]\n  "tank/15":'),
    );
    for (const [bot, reason] of [
      [byName, "IDENTITY_REVOKED"],
      [byPattern, "IDENTITY_REVOKED"],
      [byCertificate, "CERTIFICATE_REVOKED"],
      [byGrants, "TOKEN_OUTDATED"],
      [expiring, "TOKEN_EXPIRED"],
    ] as const) {
      await assert.rejects(streams.get(bot) ?? Promise.resolve(), refused("UNAUTHENTICATED", reason), bot.name);
    }
    await authority.applyGrants(grants);
  });

  it("refuses a retired method without a token, and ends its streams", async () => {
    const admin = (await typescript("operator/alice")).client(AdminService, authority.address);
    const stream = await watch(foreman);
    const method = methods.watch.path.slice(1);
    await admin.retireMethods({ methods: [method] });
    await assert.rejects(stream.ended, refused("UNIMPLEMENTED", "METHOD_RETIRED"));
    const session = rawSession(portOf(address), shows(foreman.identity.current()));
    assert.equal((await rawCall(session, methods.watch.path)).status, 12);
    session.destroy();
    await foreman.client(TankService, address).read({});
    await admin.unretireMethods({ methods: [method] });
  });

  it("is revoked itself: its stream at a TypeScript bot ends", async () => {
    const other = await typescript("tank/6");
    const { address: at } = await other.serve({ port: 0 }, (routes) => routes.add(TankService, tankService()));
    const watcher = start(go("foreman/3", "call", "watch", at), folder.path, await invited("foreman/3"));
    programs.push(watcher);
    await watcher.line(/^40$/);
    await authority.revoke({ kind: "identity", subject: idOf("foreman/3") }, "test");
    await watcher.line(/^Unauthenticated IDENTITY_REVOKED$/);
  });

  it("renews its certificate, and shows the new one at once", async () => {
    await server.line(/certificate renewed/);
    await foreman.client(TankService, address).read({});
  });

  it("serves methods of low risk while its trust is stale, and no others", async () => {
    const { token, identity } = await evidence(foreman);
    const session = rawSession(portOf(address), shows(identity));
    const call = (path: string) => rawCall(session, path, shown(token));
    assert.equal((await call(methods.fill.path)).status, 0);
    await authority.close();
    let answer = await call(methods.fill.path);
    while (answer.status === 0) answer = await call(methods.fill.path);
    assert.deepEqual([answer.status, answer.message], [14, "TRUST_STALE"]);
    assert.equal((await call(methods.read.path)).status, 0);
    session.destroy();

    // A start without an authority: the trust is from the disk.
    await server.stop();
    const again = start(go("tank/1", "serve", "127.0.0.1:0"), folder.path);
    programs.push(again);
    const later = rawSession(portOf(await addressOf(again)), shows(identity));
    assert.equal((await rawCall(later, methods.read.path, shown(token))).status, 0);
    assert.equal((await rawCall(later, methods.fill.path, shown(token))).message, "TRUST_STALE");
    later.destroy();
  });
});
