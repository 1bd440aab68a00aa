import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import { silentLog } from "../base/log.js";
import { createObservable } from "../base/observable.js";
import type { Bot } from "../bot.js";
import type { Identity } from "../identity/identity.js";
import { certificatesToPem } from "../identity/pem.js";
import { fromFiles } from "../providers/from-files.js";
import { fromIssuer } from "../providers/from-issuer.js";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";
import { startTestIssuer, type TestIssuer } from "../testing/test-issuer.js";
import { joinFleet } from "./join-fleet.js";
import { withIssuer } from "./provided-membership.js";

describe("a fleet of no authority", () => {
  let folder: string;
  let ca: TestCa;
  let issuer: TestIssuer;
  let bots: Bot[];
  let version = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-provided-"));
    ca = await createTestCa();
    issuer = await startTestIssuer(ca.der);
    bots = [];
  });
  afterEach(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    await issuer.close();
    await rm(folder, { recursive: true });
  });

  /** As the kubelet does: a folder of its own for each version, and one link that is moved from the old to the new. */
  async function put(bot: string, { privateKey, chain }: Identity, roots = [ca.der]): Promise<void> {
    const mount = join(folder, bot);
    const data = `..${++version}`;
    await mkdir(join(mount, data), { recursive: true });
    await writeFile(join(mount, data, "tls.key"), privateKey, { mode: 0o600 });
    await writeFile(join(mount, data, "tls.crt"), certificatesToPem(chain));
    await writeFile(join(mount, data, "ca.crt"), certificatesToPem(roots));
    await symlink(data, join(mount, "..tmp"));
    await rename(join(mount, "..tmp"), join(mount, "..data"));
  }

  async function start(bot: string): Promise<Bot> {
    await put(bot, await ca.issue(`spiffe://test/${bot}`));
    const data = join(folder, bot, "..data");
    const files = { certificate: join(data, "tls.crt"), key: join(data, "tls.key"), ca: join(data, "ca.crt") };
    const started = await joinFleet({
      identity: fromFiles({ ...files, pollMs: 10 }),
      issuer: fromIssuer({ url: issuer.url, caFile: issuer.caFile }),
      log: silentLog,
    });
    bots.push(started);
    return started;
  }

  const serve = (bot: Bot) =>
    bot.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        echo: (request) => request,
        async *count() {},
        async join(requests) {
          for await (const _ of requests);
          return {};
        },
        async *chat(requests) {
          yield* requests;
        },
        open: () => ({}),
        reset: () => ({}),
      }),
    );

  const reasonOf = (work: Promise<unknown>) =>
    work.then(
      () => "none",
      (error) => (error instanceof InterlockError ? error.reason : String(error)),
    );

  it("calls with mutual TLS and bound tokens, while its files are replaced under load, and no call fails", async () => {
    const server = await start("echo");
    const caller = await start("caller");
    assert.deepEqual([caller.name, caller.spiffeId.uri], ["caller", "spiffe://test/caller"]);
    const { address } = await serve(server);
    const client = caller.client(EchoService, address);
    assert.equal((await client.echo({ reason: "hello" })).reason, "hello");

    let calls = 0;
    let over = false;
    const load = Array.from({ length: 4 }, async () => {
      for (; !over; calls++) assert.equal((await client.echo({ reason: String(calls) })).domain, "");
    });
    for (let round = 0; round < 6; round++) {
      const [name, bot] = round % 2 === 0 ? (["caller", caller] as const) : (["echo", server] as const);
      const next = await ca.issue(`spiffe://test/${name}`);
      const renewed = new Promise<Identity>((resolve) => bot.identity.onChange(resolve));
      await put(name, next);
      assert.equal((await renewed).leaf.thumbprint, next.leaf.thumbprint);
      const seen = calls + 8;
      while (calls < seen) await client.echo({});
    }
    over = true;
    await Promise.all(load);
    const asked = issuer.asked.filter((path) => path.endsWith("/token")).length;
    assert.ok(asked >= 4, `a token for each certificate of the caller, and there were ${asked}`);
  });

  it("follows a CA that is replaced with overlap, and then refuses the old one", async () => {
    const server = await start("echo");
    const caller = await start("caller");
    const { address } = await serve(server);
    const client = caller.client(EchoService, address);
    await client.echo({});
    const next = await createTestCa("next");
    const changed = (bot: Bot) => new Promise<void>((resolve) => bot.trust.onChange(() => resolve()));
    const overlap = [changed(server), changed(caller)];
    await put("echo", await next.issue("spiffe://test/echo"), [ca.der, next.der]);
    await put("caller", await ca.issue("spiffe://test/caller"), [ca.der, next.der]);
    await Promise.all(overlap);
    await client.echo({});
    const alone = changed(server);
    await put("echo", await next.issue("spiffe://test/echo"), [next.der]);
    await alone;
    assert.match(String(await reasonOf(client.echo({}))), /CERTIFICATE_UNTRUSTED|SERVER_UNREACHABLE/);
  });

  it("is refused without a scope that the issuer gives, and asks no other issuer", async () => {
    const server = await start("echo");
    const caller = await start("caller");
    const { address } = await serve(server);
    issuer.claims = { scope: "echo:call" };
    const client = caller.client(EchoService, address);
    await client.echo({});
    assert.equal(await reasonOf(client.reset({})), "SCOPE_MISSING");
    issuer.claims = { sub: "spiffe://test/other" };
    const stranger = await start("stranger");
    assert.equal(await reasonOf(stranger.client(EchoService, address).echo({})), "TOKEN_SUBJECT_MISMATCH");
  });

  it("calls what the issuer allows, where it refuses the scopes of another method of the same service", async () => {
    const server = await start("echo");
    const caller = await start("caller");
    const { methods } = EchoService;
    const reset = { ...methods.reset, policy: { ...methods.reset.policy, scopes: ["echo:forbidden"] as const } };
    const service = { ...EchoService, methods: { ...methods, reset } };
    const { address } = await serve(server);
    const client = caller.client(service, address);
    await client.open({});
    assert.equal(issuer.asked.filter((path) => path.endsWith("/token")).length, 0);
    assert.equal(await reasonOf(client.reset({})), "NO_GRANT");
    await client.echo({});
    assert.equal(await reasonOf(client.reset({})), "NO_GRANT");
    await client.echo({});
  });

  it("needs both from providers, or an authority", async () => {
    await put("half", await ca.issue("spiffe://test/half"));
    const data = join(folder, "half", "..data");
    const identity = fromFiles({
      certificate: join(data, "tls.crt"),
      key: join(data, "tls.key"),
      ca: join(data, "ca.crt"),
    });
    await assert.rejects(
      joinFleet({ identity, stateDir: join(folder, "state"), log: silentLog }),
      /address of the authority of half/,
    );
    await assert.rejects(joinFleet({ identity, name: "whole", log: silentLog }), /is of half, and this is whole/);
  });

  it("may have an authority's trust with another issuer's tokens: what is revoked is refused all the same", async () => {
    const fleet = await createTestFleet();
    const other = await startTestIssuer(fleet.ca.der);
    try {
      const membership = async (name: string) => {
        const identity = createObservable(await fleet.ca.issue(`spiffe://test/${name}`));
        const tokens = { authorization: () => assert.fail("not asked"), forget() {} };
        const provider = fromIssuer({ url: other.url, caFile: other.caFile });
        const context = { clock: systemClock, log: silentLog };
        return withIssuer({ identity, trust: fleet.trust, tokens }, provider, context);
      };
      const server = await fleet.bot("echo", [], await membership("echo"));
      const caller = await fleet.bot("caller", [], await membership("caller"));
      bots.push(server, caller);
      const { address } = await serve(server);
      const client = caller.client(EchoService, address);
      await client.echo({});
      assert.equal(server.trust.state.issuer, other.url);
      fleet.revoke("identity", "spiffe://test/caller");
      assert.match(String(await reasonOf(client.echo({}))), /IDENTITY_REVOKED|SERVER_UNREACHABLE/);
    } finally {
      await other.close();
    }
  });
});
