import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  type Bot,
  createCsr,
  createKeyPair,
  createObservable,
  InterlockError,
  joinFleet,
  silentLog,
  systemClock,
} from "@interlock/bot";
import { createBot, createIdentity, createRecorder } from "@interlock/bot/internal";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { createChainVerifier } from "@interlock/policy/audit-log";
import { type Postgres, startPostgres } from "@interlock/testing-postgres";
import pg from "pg";
import { type Authority, startAuthority } from "./authority.js";
import { openSharedStore } from "./store/open-store.js";
import { hasPostgres, testPostgres } from "./testing/test-store.js";

const keyPassphrase = "correct horse battery";
const log = silentLog;

(hasPostgres ? describe : () => {})("authorities on one store", () => {
  let folder: string;
  let postgres: Postgres;
  let url: string;
  let others: Authority[];
  let bots: Bot[];
  const start = (options: { staleAfterMs?: number; store?: string } = {}) =>
    startAuthority({ store: url, trustDomain: "cafe", port: 0, log, keyPassphrase, ...options });

  // Started once, and for the first time, for all tests.
  let one: Authority;
  let two: Authority;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-replicas-"));
    postgres = await testPostgres();
    url = await postgres.createDatabase();
    [one, two] = await Promise.all([start(), start()]);
  });
  after(async () => {
    await Promise.all([one.close(), two.close()]);
    await postgres.dropDatabase(url);
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    others = [];
    bots = [];
  });
  afterEach(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    await Promise.all(others.map((authority) => authority.close()));
  });
  const startAnother = async (options = {}) => {
    const authority = await start(options);
    others.push(authority);
    return authority;
  };

  async function joined(name: string, at: Authority, by = at): Promise<Bot> {
    const joinToken = await by.createJoinToken(name);
    const stateDir = join(folder, "bots", name);
    const bot = await joinFleet({ authority: at.address, name, joinToken, stateDir, log });
    bots.push(bot);
    return bot;
  }

  const until = (bot: Bot, holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const stop = bot.trust.onChange(check);
      function check() {
        if (!holds()) return;
        stop();
        resolve();
      }
      check();
    });

  const has = ({ trust }: Bot, subject: string) => trust.state.revocations.some((r) => r.subject === subject);

  const faults = async () => {
    const store = await openSharedStore(url, log);
    const verifier = createChainVerifier(await store.auditLog.ends());
    for (const record of await store.auditLog.list(0, 100_000)) verifier.add(record);
    await store.close();
    return verifier.finish();
  };

  it("make one CA and one token key, when they start at once on a new store", async () => {
    assert.deepEqual(one.caDigest, two.caDigest);
    const gripper = await joined("gripper/1", one, two);
    assert.equal(gripper.trust.state.jwks.keys.length, 1);
    const { rows } = await query("select name, text from private_keys");
    assert.equal(rows.length, 3);
    for (const { text } of rows) assert.match(text, /^interlock-sealed-1 /);
  });

  it("tell each other at once: revocations, grants and token keys of one reach the bots of the other", async () => {
    const gripper = await joined("gripper/2", two, one);
    const alice = await joined("operator/alice", one);
    const admin = alice.client(AdminService, one.address);
    await admin.revoke({ subject: { $case: "identity", value: "spiffe://cafe/lost" }, reason: "lost" });
    await until(gripper, () => has(gripper, "spiffe://cafe/lost"));

    await one.applyGrants("grants: {gripper/2: {a.B: ['a:b', 'a:c']}}");
    const atTwo = gripper.client(AuthorityService, two.address);
    await issued(() => atTwo.issueToken({ audience: "a.B", scopes: ["a:b"] }));
    await one.applyGrants("grants: {gripper/2: {a.B: ['a:c']}}");
    await until(gripper, () => gripper.trust.state.cutOffs?.[0]?.scope === "a:b");

    const { key } = await admin.rotateTokenKey({ leaked: true });
    await until(gripper, () => gripper.trust.state.jwks.keys.every(({ kid }) => kid === key?.kid));
    await issued(() => atTwo.issueToken({ audience: "a.B", scopes: ["a:c"] }));
    await two.unrevoke({ kind: "identity", subject: "spiffe://cafe/lost" });
    await until(alice, () => !has(alice, "spiffe://cafe/lost"));
    assert.deepEqual(await faults(), []);
  });

  it("rotate one CA: what one prepares, activates and withdraws, the other signs below and stands below", async () => {
    const gripper = await joined("gripper/ca", two, one);
    const admin = (await joined("operator/ca", one)).client(AdminService, one.address);
    const atTwo = gripper.client(AuthorityService, two.address);
    const issuer = async () => {
      const { certificate } = await atTwo.renew({ csr: await createCsr(await createKeyPair(), gripper.spiffeId.uri) });
      return Buffer.from(certificate?.chain[1] ?? []).toString("base64");
    };
    const before = await issuer();
    const { id } = await admin.prepareCa({});
    await until(gripper, () => gripper.trust.state.caCertificates.length === 2);
    assert.equal(await issuer(), before);
    await admin.activateCa({ force: true });
    const active = Buffer.from(id, "hex").toString("base64url");
    await until(gripper, () => gripper.trust.state.activeCa === active);
    assert.notEqual(await issuer(), before);
    await admin.withdrawCa({ force: true });
    const late = await joinedWhen("gripper/late", () => Buffer.from(two.caDigest).toString("hex") === id);
    assert.equal(late.trust.state.caCertificates.length, 1);
    assert.deepEqual(one.caDigest, two.caDigest);
    assert.deepEqual(await faults(), []);
  });

  /** Joins at `two` with a token of `one`, once something holds; changes of `one` arrive soon. */
  async function joinedWhen(name: string, holds: () => boolean): Promise<Bot> {
    for (let i = 0; i < 200 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(holds());
    // The port shows a certificate below the new CA a moment after the authority has it.
    for (let i = 0; ; i++) {
      try {
        return await joined(name, two, one);
      } catch (error) {
        if (i === 100 || InterlockError.from(error).reason !== "CA_PIN_MISMATCH") throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  it("cut a bot off that is connected to the one by a revocation at the other", async () => {
    const gripper = await joined("gripper/3", two, one);
    const watching = gripper.client(AuthorityService, two.address).watchTrust({ version: 0n });
    await watching[Symbol.asyncIterator]().next();
    await one.revoke({ kind: "identity", subject: "spiffe://cafe/gripper/3" }, "lost");
    await assert.rejects(
      (async () => {
        for await (const _ of watching);
      })(),
      (error) => error instanceof InterlockError && error.code === "UNAUTHENTICATED",
    );
  });

  it("find a clone that renews at the other", async () => {
    const gripper = await joined("gripper/4", one);
    const keys = await createKeyPair();
    const csr = async () => ({ csr: await createCsr(await createKeyPair(), gripper.spiffeId.uri) });
    const atTwo = gripper.client(AuthorityService, two.address);
    const { certificate } = await atTwo.renew({ csr: await createCsr(keys, gripper.spiffeId.uri) });
    const renewed = createIdentity(keys.privateKeyPem, certificate?.chain ?? []);
    const copy = createBot({
      identity: createObservable(renewed),
      trust: gripper.trust,
      tokens: { authorization: () => "", forget() {} },
      recorder: createRecorder(),
      clock: systemClock,
      log,
    });
    await copy.client(AuthorityService, one.address).confirm({});
    await copy.close(0);
    await assert.rejects(atTwo.renew(await csr()), { reason: "CLONE_DETECTED" });
    await assert.rejects(one.createJoinToken("gripper/4"), { reason: "IDENTITY_REVOKED" });
  });

  it("never count the same thing twice", async () => {
    const joinToken = await one.createJoinToken("gripper/5");
    const attempts = [one, two, one, two].map(({ address }, i) =>
      joinFleet({ authority: address, name: "gripper/5", joinToken, stateDir: join(folder, String(i)), log }),
    );
    const outcomes = await Promise.allSettled(attempts);
    const inside = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    bots.push(...inside);
    assert.equal(inside.length, 1);

    const versions = await Promise.all(
      Array.from({ length: 40 }, (_, i) => {
        const subject = `spiffe://cafe/bot/${i}`;
        return (i % 2 ? one : two).revoke({ kind: "identity", subject }, "lost");
      }),
    );
    assert.equal(new Set(versions.map(({ trustVersion }) => trustVersion)).size, 40);
    const grants = Array.from({ length: 10 }, (_, i) =>
      (i % 2 ? one : two).applyGrants(`grants: {gripper/${i}: {a.B: ['a:b']}}`),
    );
    const applied = (await Promise.all(grants)).map(({ version }) => version);
    assert.equal(new Set(applied).size, 10);
    assert.equal(Math.max(...applied) - Math.min(...applied), 9, "no number is left out");

    const alice = await joined("operator/bob", one);
    const rotations = await Promise.allSettled(
      [one, two].map(({ address }) => alice.client(AdminService, address).rotateTokenKey({})),
    );
    const lost = ({ trust }: Bot) => trust.state.revocations.filter((r) => r.subject.includes("/bot/")).length;
    assert.deepEqual(rotations.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.deepEqual(await faults(), []);
    await until(alice, () => lost(alice) === 40 && alice.trust.state.jwks.keys.length === 2);
  });

  it("show no reader a version before all that came earlier", async () => {
    const store = await openSharedStore(url, log);
    const seen: number[] = [];
    let reading = true;
    const reader = (async () => {
      while (reading) {
        const rows = await store.revocations.since(0);
        const missing = rows.filter(({ trustVersion }) => !seen.includes(trustVersion));
        const last = Math.max(0, ...seen);
        for (const { trustVersion } of missing) assert.ok(trustVersion > last, `${trustVersion} came after ${last}`);
        seen.push(...missing.map(({ trustVersion }) => trustVersion));
      }
    })();
    await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 2 ? one : two).revoke({ kind: "token", subject: `t${i}` }, "lost")),
    );
    reading = false;
    await reader;
    await store.close();
  });

  it("heal a lost notification, and a lost connection, by looking", async () => {
    const three = await startAnother({ staleAfterMs: 1_500 });
    const gripper = await joined("gripper/6", three, one);
    // Written without an authority, so no notification is sent.
    await query(`update fleet set trust_version = trust_version + 1;
      insert into revocations values ('token', 'silent', 1, '', (select trust_version from fleet), null)`);
    await until(gripper, () => has(gripper, "silent"));
    await query("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()");
    await issued(() => one.revoke({ kind: "token", subject: "after" }, "lost"));
    await until(gripper, () => has(gripper, "after"));
  });

  it("take over each other's bots", async () => {
    const name = "operator/carol";
    const joinToken = await one.createJoinToken(name);
    const three = await startAnother();
    const authority = `127.0.0.1:1, ${three.address},${two.address}`;
    const alice = await joinFleet({ authority, name, joinToken, stateDir: join(folder, "bot"), log });
    bots.push(alice);
    await alice.client(AuthorityService, three.address).confirm({});
    await three.close();
    await two.revoke({ kind: "token", subject: "then" }, "lost");
    await until(alice, () => has(alice, "then"));
    // Its first token, for a method that takes one.
    assert.ok((await alice.client(AdminService, two.address).listBots({})).bots.length > 0);
  });

  it("list all their addresses", async () => {
    const alice = await joined("operator/dave", one);
    const find = async () => {
      const found = await alice.client(AdminService, one.address).findEndpoints({ service: AuthorityService.name });
      return found.endpoints.map(({ address }) => address).sort();
    };
    const three = await startAnother();
    assert.deepEqual(await find(), [one, two, three].map(({ address }) => address).sort());
    await three.close();
    assert.deepEqual(await find(), [one, two].map(({ address }) => address).sort());
  });

  it("take no other passphrase, no database without one, and no store together with a folder", async () => {
    const options = { store: url, trustDomain: "cafe", port: 0, log };
    await assert.rejects(startAuthority({ ...options, keyPassphrase: "another passphrase" }), /passphrase is wrong/);
    await assert.rejects(startAuthority(options), /requires a keyPassphrase/);
    await assert.rejects(startAuthority({ ...options, keyPassphrase, dataDir: folder }), /give either dataDir/);
    await assert.rejects(
      startAuthority({ ...options, keyPassphrase, trustDomain: "bar" }),
      /belongs to the trust domain/,
    );
  });

  it("never say the store's password", async () => {
    const password = "pa%2Fss-w0rd";
    const bad = new URL(url);
    bad.password = password;
    const unreachable = new URL(bad);
    unreachable.port = "1";
    const addresses = [
      bad.href,
      unreachable.href,
      `mysql://a:${password}@h/d`,
      `postgres://a:${password}@h:port/d`,
      `postgres://a:${password}@h`,
      `postgres://a:pa%ss-w0rd@h/d`,
    ];
    for (const address of addresses) {
      await assert.rejects(start({ store: address }), (error) => {
        assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /ss-w0rd/, address);
        return error instanceof InterlockError;
      });
    }
    await assert.rejects(start({ store: bad.href }), /127\.0\.0\.1:\d+\/test\d+ cannot be opened: password authentic/);
  });

  async function query(text: string): Promise<pg.QueryResult> {
    const client = new pg.Client(url);
    await client.connect();
    return client.query(text).finally(() => client.end());
  }
});

/** Tries until it works: a change at one authority reaches the other a moment later. */
async function issued(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((turn) => setTimeout(turn, 20));
    }
  }
}

(hasPostgres ? describe : () => {})("an authority whose store goes away", () => {
  it("answers 14, sends no heartbeat, and continues when it is back", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-away-"));
    const postgres = await startPostgres();
    const store = await postgres.createDatabase();
    const options = { store, trustDomain: "cafe", port: 0, log, keyPassphrase, staleAfterMs: 1_000 };
    const authority = await startAuthority(options);
    const name = "operator/alice";
    const joinToken = await authority.createJoinToken(name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir: folder, log });
    try {
      const client = bot.client(AuthorityService, authority.address);
      const admin = bot.client(AdminService, authority.address);
      const calls: Record<string, () => Promise<unknown>> = {
        issueToken: () => client.issueToken({ audience: AdminService.name, scopes: ["bots:read"] }),
        renew: async () => client.renew({ csr: await createCsr(await createKeyPair(), bot.spiffeId.uri) }),
        report: () => client.report({ endpoints: [], usage: [] }),
        watchTrust: async () => client.watchTrust({ version: 0n })[Symbol.asyncIterator]().next(),
        listBots: () => admin.listBots({}),
        getGrants: () => admin.getGrants({}),
        createJoinToken: () => admin.createJoinToken({ name: "gripper/1" }),
      };
      for (const [name, call] of Object.entries(calls)) await assert.doesNotReject(call(), name);
      await postgres.crash();
      for (const [name, call] of Object.entries(calls)) {
        await assert.rejects(call(), (error) => {
          assert.ok(error instanceof InterlockError);
          assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "STORE_UNREACHABLE"], name);
          return true;
        });
      }
      await issued(async () =>
        assert.ok(bot.trust.isStale(), "no sign of life came from an authority that knows nothing"),
      );
      await postgres.restart();
      for (const [name, call] of Object.entries(calls)) await assert.doesNotReject(issued(call), name);
      await issued(async () => assert.ok(!bot.trust.isStale()));
    } finally {
      await bot.close(0);
      await authority.close();
      await postgres.stop();
      await rm(folder, { recursive: true });
    }
  });
});
