import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Bot,
  createCsr,
  createKeyPair,
  type Identity,
  joinFleet,
  type MutableObservable,
  silentLog,
} from "@interlock/bot";
import { createIdentity } from "@interlock/bot/internal";
import { AuthorityService } from "@interlock/bot/protocol";
import { type Authority, startAuthority } from "../authority.js";
import { openSharedStore, openStore } from "../store/open-store.js";
import { hasPostgres, testPostgres } from "../testing/test-store.js";
import { backUp } from "./back-up.js";
import { restore, restoredWithPostgres } from "./restore.js";

const log = silentLog;

describe("a backup", () => {
  let folder: string;
  let dataDir: string;
  let file: string;
  let authority: Authority;
  const start = (dataDir: string, port = 0, keyPassphrase?: string) =>
    startAuthority({ dataDir, trustDomain: "cafe", port, log, ...(keyPassphrase && { keyPassphrase }) });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-backup-"));
    dataDir = join(folder, "authority");
    file = join(folder, "it's a backup.db");
    authority = await start(dataDir);
  });
  afterEach(async () => {
    await authority.close();
    await rm(folder, { recursive: true });
  });

  const revoke = (name: string) => authority.revoke({ kind: "identity", subject: `spiffe://cafe/${name}` }, "lost");
  const unrevoke = (name: string) => authority.unrevoke({ kind: "identity", subject: `spiffe://cafe/${name}` });
  const revoked = ({ trust }: Bot) => trust.state.revocations.map(({ subject }) => subject.split("/").at(-1)).sort();
  async function renew(bot: Bot): Promise<void> {
    const keys = await createKeyPair();
    const csr = await createCsr(keys, bot.spiffeId.uri);
    const { certificate } = await bot.client(AuthorityService, authority.address).renew({ csr });
    (bot.identity as MutableObservable<Identity>).replace(createIdentity(keys.privateKeyPem, certificate?.chain ?? []));
    await bot.client(AuthorityService, authority.address).confirm({});
  }

  it("becomes an authority again, and every bot follows it regardless of later updates", async () => {
    const name = "gripper/1";
    const joinToken = await authority.createJoinToken(name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir: join(folder, "bot"), log });
    await authority.applyGrants("grants: {gripper/1: {a.B: ['a:b', 'token:delegate']}}");
    const given = async () =>
      (await bot.client(AuthorityService, authority.address).listOwnDelegations({})).delegations.length;
    await bot.client(AuthorityService, authority.address).delegate({ to: "agent/1", scopes: ["a:b"] });
    assert.equal(await given(), 1);
    await revoke("unrevoked-later");
    const made = await backUp(dataDir, file);
    assert.deepEqual(made, { keys: 3, sealed: false });
    assert.equal((await stat(file)).mode & 0o777, 0o600);

    // What is lost: a revocation, the end of another, a renewal.
    await revoke("revoked-later");
    await unrevoke("unrevoked-later");
    await renew(bot);
    const { version } = bot.trust.state;
    const { port } = authority;
    await authority.close();

    const restored = join(folder, "restored");
    await restore(file, restored, Date.now());
    assert.deepEqual(
      (await readdir(restored)).filter((name) => /restoring/.test(name)),
      [],
    );
    assert.doesNotMatch(await readFile(join(restored, "authority.db"), "latin1"), /PRIVATE KEY/);
    authority = await start(restored, port);
    await new Promise<void>((resolve) => {
      const stop = bot.trust.onChange(() => {
        stop();
        resolve();
      });
    });
    assert.deepEqual(revoked(bot), ["unrevoked-later"]);
    assert.ok(bot.trust.state.version > version + 1_000n);
    const client = bot.client(AuthorityService, authority.address);
    for (const from of [version, 1n]) {
      const { value } = await client.watchTrust({ version: from })[Symbol.asyncIterator]().next();
      assert.equal(value?.appliesTo, 0n, "also for a bot that asks for what came after its version");
    }
    assert.equal(await given(), 0, "delegations end: it is not known which were taken back since");
    await renew(bot);
    await renew(bot);
    assert.equal((await authority.applyGrants("grants: {}")).version, 1_000_002);
    await bot.close(0);

    const store = await openStore(dataDir); // As it was before.
    assert.equal((await store.grantVersions.latest())?.version, 1);
    await store.close();
  });

  it("keeps sealed keys sealed", async () => {
    await authority.close();
    const keyPassphrase = "correct horse battery";
    authority = await start(dataDir, 0, keyPassphrase);
    assert.deepEqual(await backUp(dataDir, file), { keys: 3, sealed: true });
    const restored = join(folder, "restored");
    const at = Date.now();
    await restore(file, restored, at);
    const store = await openStore(restored);
    const servers = await store.serverRecords.page({ after: undefined, limit: 9 });
    assert.deepEqual(
      servers.map(({ uncountedAt }) => uncountedAt),
      servers.map(() => at),
      "usage since the backup is lost",
    );
    assert.ok(servers.length > 0);
    await store.close();
    await assert.rejects(start(restored), /is encrypted: give the passphrase/);
    await (await start(restored, 0, keyPassphrase)).close();
  });

  it("is written over nothing, and restored over nothing", async () => {
    await backUp(dataDir, file);
    await assert.rejects(backUp(dataDir, file), { code: "ALREADY_EXISTS" });
    await assert.rejects(backUp(folder, join(folder, "other")), { code: "NOT_FOUND" });
    await assert.rejects(restore(file, dataDir, 1), { code: "FAILED_PRECONDITION" });
    await authority.close();
    await assert.rejects(restore(file, dataDir, 1), { code: "FAILED_PRECONDITION" });
    const empty = join(folder, "empty");
    await assert.rejects(restore(join(folder, "none"), empty, 1), { code: "NOT_FOUND" });
    await writeFile(join(folder, "text"), "no database");
    await assert.rejects(restore(join(folder, "text"), empty, 1), { code: "INVALID_ARGUMENT" });
    await copyFile(file, join(folder, "damaged"));
    await writeFile(join(folder, "damaged"), (await readFile(file)).fill(7, 4_096, 16_384));
    await assert.rejects(restore(join(folder, "damaged"), empty, 1), { code: "INVALID_ARGUMENT" });
  });
});

(hasPostgres ? describe : () => {})("a store on PostgreSQL", () => {
  it("is dumped and restored with PostgreSQL's own tools, and marked as restored", async function () {
    const postgres = await testPostgres();
    const dump = join(postgres.programs, "pg_dump");
    const [from, to] = [await postgres.createDatabase(), await postgres.createDatabase()];
    const keyPassphrase = "correct horse battery";
    const options = { trustDomain: "cafe", port: 0, log, keyPassphrase };
    const before = await startAuthority({ ...options, store: from });
    await before.revoke({ kind: "token", subject: "t" }, "lost");
    const dumped = spawnSync(dump, [from], { encoding: "utf8" });
    if (dumped.error) this.skip(); // There is a server, and no pg_dump.
    assert.equal(dumped.status, 0, dumped.stderr);
    await before.close();
    const loaded = spawnSync(join(postgres.programs, "psql"), ["-q", "-v", "ON_ERROR_STOP=1", to], {
      encoding: "utf8",
      input: dumped.stdout,
    });
    assert.equal(loaded.status, 0, loaded.stderr);
    await restoredWithPostgres(to, Date.now(), log);
    const after = await startAuthority({ ...options, store: to });
    assert.deepEqual(after.caDigest, before.caDigest);
    assert.ok((await after.revoke({ kind: "token", subject: "u" }, "lost")).trustVersion > 1_000_000);
    await after.close();
    const store = await openSharedStore(to, log);
    assert.equal((await store.revocations.list()).length, 2);
    await store.close();
    await Promise.all([from, to].map(postgres.dropDatabase));
  });
});
