import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { certificatesToPem, type Identity, joinFleet, type Log, silentLog } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { type Authority, startAuthority } from "./authority.js";
import type { AuthorityOptions } from "./options.js";
import { startTestAuthority } from "./testing/test-authority.js";
import { describeOnEach, type TestStore } from "./testing/test-store.js";

const hour = 3_600_000;
const day = 24 * hour;

/** On PostgreSQL each start of an authority opens sealed keys, which takes seconds on a busy machine. */
const patienceMs = 60_000;

// Real authorities, sockets and folders. The first authority runs in the past, and its bots with it.
describeOnEach("a bot that was off", (createStore) => {
  let place: TestStore;
  const running: { close(grace?: number): Promise<void> }[] = [];

  beforeEach(async () => {
    place = await createStore();
  });
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.close(0);
    await place.remove();
  });

  const clockAt = (ahead: number) => ({ now: () => Date.now() + ahead });

  /** Starts the authority of the test's store; bots get certificates of an hour, and itself one of 30 days. */
  async function start(ahead: number, more: Partial<AuthorityOptions> = {}): Promise<Authority> {
    const { url, folder } = place;
    const store = url ? { store: url, keyPassphrase: "correct horse battery" } : { dataDir: join(folder, "authority") };
    const leaf = { leafTtlMs: 30 * day, leafTtlsMs: { "robot/*": hour, "operator/*": hour } };
    const basis = { trustDomain: "cafe", port: 0, log: silentLog, clock: clockAt(ahead) };
    const authority = await startAuthority({ ...store, ...leaf, ...basis, ...more });
    running.push(authority);
    return authority;
  }

  interface Before extends Pick<Identity, "leaf"> {
    readonly joinToken: string;
    /** Of an authority that is gone. */
    readonly address: string;
  }

  const stateDir = () => join(place.folder, "bot");

  /** Joins a bot in the past, and ends it and its authority. */
  async function joinedBefore(name: string, offMs: number): Promise<Before> {
    const ahead = -offMs - hour;
    const authority = await start(ahead);
    const joinToken = await authority.createJoinToken(name);
    const { address } = authority;
    const options = {
      authority: address,
      name,
      joinToken,
      stateDir: stateDir(),
      log: silentLog,
      clock: clockAt(ahead),
    };
    const bot = await joinFleet(options);
    const identity = bot.identity.current();
    await bot.close(0);
    await authority.close();
    assert.ok(Math.abs(identity.leaf.notAfter - (Date.now() - offMs)) < 60_000);
    return { leaf: identity.leaf, joinToken, address };
  }

  /** Joins from another machine, with a key of its own. */
  function startBotElsewhere({ address: authority }: Authority, joinToken: string) {
    const stateDir = join(place.folder, "other");
    return joinFleet({ authority, name: "robot/1", joinToken, stateDir, log: silentLog });
  }

  async function startBot(authority: Authority, name: string, joinToken?: string) {
    const bot = await joinFleet({
      authority: authority.address,
      name,
      joinToken,
      stateDir: stateDir(),
      log: silentLog,
    });
    running.push(bot);
    return bot;
  }

  for (const [name, offMs] of [
    ["robot/1", 29 * day],
    ["operator/alice", 8 * hour],
  ] as const) {
    it(`${name} comes back by itself after ${offMs / hour} hours`, async () => {
      const before = await joinedBefore(name, offMs);
      const authority = await start(0);
      const bot = await startBot(authority, name);
      const { leaf, spiffeId } = bot.identity.current();
      assert.equal(spiffeId.name, name);
      assert.ok(leaf.notAfter > Date.now() && leaf.serial !== before.leaf.serial);
      assert.equal(bot.trust.isStale(), false);
      await bot.client(AuthorityService, authority.address, { server: "interlock/authority" }).confirm({});
      assert.ok((await readFile(join(stateDir(), "identity.pem"), "utf8")).includes(bot.identity.current().privateKey));
    }).timeout(patienceMs);
  }

  it("is refused after the window, with the remedy, and joins with a new token", async () => {
    await joinedBefore("robot/1", 29 * day);
    const authority = await start(0, { renewAfterExpiryMs: 28 * day });
    await assert.rejects(startBot(authority, "robot/1"), {
      reason: "CERTIFICATE_EXPIRED",
      message: /672 hours.*interlock invite robot\/1/,
    });
    await startBot(authority, "robot/1", await authority.createJoinToken("robot/1"));
  }).timeout(patienceMs);

  it("is refused while it is revoked", async () => {
    await joinedBefore("robot/1", 8 * hour);
    const authority = await start(0);
    const subject = { kind: "identity", subject: "spiffe://cafe/robot/1" } as const;
    await authority.revoke(subject, "stolen");
    await assert.rejects(startBot(authority, "robot/1"), { reason: "IDENTITY_REVOKED" });
    await authority.unrevoke(subject);
    await startBot(authority, "robot/1");
  }).timeout(patienceMs);

  for (const recorded of [true, false]) {
    // A folder of an earlier release has no record of the token, so it is tried first.
    it(`comes back although its join token has been used, ${recorded ? "which it knows" : "without a record"}`, async () => {
      const { joinToken } = await joinedBefore("robot/1", 8 * hour);
      if (!recorded) await rm(join(stateDir(), "join.json"));
      const authority = await start(0);
      const denials: string[] = [];
      authority.onDenial(({ reason }) => denials.push(reason));
      await startBot(authority, "robot/1", joinToken);
      assert.deepEqual(denials, recorded ? [] : ["JOIN_TOKEN_USED"]);
    }).timeout(patienceMs);
  }

  it("says that the authority is away, and prefers a new join token to its expired identity", async () => {
    const { leaf, address } = await joinedBefore("robot/1", 8 * hour);
    await assert.rejects(startBot({ address } as Authority, "robot/1"), {
      reason: "AUTHORITY_UNREACHABLE",
      message: /is it up at/,
    });
    const authority = await start(0);
    const invited = await authority.createJoinToken("robot/1");
    await assert.rejects(startBot({ address } as Authority, "robot/1", invited), { reason: "AUTHORITY_UNREACHABLE" });
    const bot = await startBot(authority, "robot/1", invited);
    assert.notEqual(bot.identity.current().leaf.serial, leaf.serial);
    await assert.rejects(startBotElsewhere(authority, invited), { reason: "JOIN_TOKEN_USED" });
  }).timeout(patienceMs);

  it("joins with a token whose answer it has lost, under the same generation; no other key does", async () => {
    const authority = await start(0);
    const joinToken = await authority.createJoinToken("robot/1");
    const denials: string[] = [];
    authority.onDenial(({ reason }) => denials.push(reason));
    // Where the trust cannot be saved, the certificate has been issued, and is lost.
    const obstacle = join(stateDir(), "ca.pem");
    await mkdir(obstacle, { recursive: true });
    await assert.rejects(startBot(authority, "robot/1", joinToken), {
      message: /cannot be saved in .*make it writable/,
    });
    await assert.rejects(startBotElsewhere(authority, joinToken), { reason: "JOIN_TOKEN_USED" });
    assert.deepEqual(denials, ["JOIN_TOKEN_USED"]);
    await rm(obstacle, { recursive: true });
    const bot = await startBot(authority, "robot/1", joinToken);
    await bot.client(AuthorityService, authority.address, { server: "interlock/authority" }).confirm({});
    const record = JSON.parse(await readFile(join(stateDir(), "join.json"), "utf8"));
    assert.deepEqual(Object.keys(record), ["joinToken"], "its key is not kept twice");
  }).timeout(patienceMs);

  it("does not use its join token where it cannot save its key", async () => {
    const authority = await start(0);
    const joinToken = await authority.createJoinToken("robot/1");
    const obstacle = join(stateDir(), "join.json");
    await mkdir(obstacle, { recursive: true });
    await assert.rejects(startBot(authority, "robot/1", joinToken), {
      message: /cannot be saved in .*make it writable/,
    });
    await rm(obstacle, { recursive: true });
    await rm(stateDir(), { recursive: true });
    await startBot(authority, "robot/1", joinToken);
  }).timeout(patienceMs);
});

describe("a running bot that was cut off until its certificate expired", () => {
  it("recovers once the authority is back, without a restart, and says once that it cannot", async () => {
    const fleet = await startTestAuthority({ leafTtlMs: 2_000 });
    const errors: string[] = [];
    let failed = () => {};
    const log: Log = {
      ...silentLog,
      error: (message, fields) => {
        errors.push(`${message} ${JSON.stringify(fields)}`);
        failed();
      },
    };
    const { address: authority, port } = fleet.authority;
    const joinToken = await fleet.authority.createJoinToken("robot/1");
    const stateDir = join(fleet.folder, "robot");
    const bot = await joinFleet({ authority, name: "robot/1", joinToken, stateDir, log });
    try {
      const server = await bot.serve({ port: 0 }, () => {});
      const said = new Promise<void>((resolve) => (failed = resolve));
      await fleet.authority.close();
      await said;
      const expired = bot.identity.current();
      assert.ok(expired.leaf.notAfter <= Date.now());
      const renewed = new Promise<Identity>((resolve) => bot.identity.onChange(resolve));
      await fleet.restart({ port, leafTtlMs: 60_000 });
      const { leaf } = await renewed;
      assert.ok(leaf.notAfter > Date.now());
      assert.equal(errors.length, 1, errors.join("\n"));
      assert.match(errors[0] ?? "", /certificate expired.*cannot be reached.*interlock invite robot\/1/);

      const pem = certificatesToPem([fleet.authority.caCertificate]);
      const { privateKey, chain } = bot.identity.current();
      const socket = connect({
        port: server.port,
        ca: pem,
        key: privateKey,
        cert: certificatesToPem(chain),
        checkServerIdentity: () => undefined,
        ALPNProtocols: ["h2"],
      });
      await once(socket, "secureConnect");
      assert.ok(
        Date.parse(socket.getPeerX509Certificate()?.validTo ?? "") > Date.now(),
        "its server shows the new one",
      );
      socket.destroy();
      await bot.client(AuthorityService, authority, { server: "interlock/authority" }).confirm({});
    } finally {
      await bot.close(0);
      await fleet.close();
    }
  });
});
