import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Bot,
  createCsr,
  createKeyPair,
  createObservable,
  type Denial,
  type Identity,
  InterlockError,
  type JoinToken,
  joinFleet,
  type MutableObservable,
  parseJoinToken,
  silentLog,
  systemClock,
} from "@interlock/bot";
import {
  caDigest,
  createBot,
  createIdentity,
  createRecorder,
  formatJoinToken,
  parseCertificate,
  verifyToken,
} from "@interlock/bot/internal";
import {
  AdminService,
  AuthorityService,
  type ListLogRequest,
  type ListUsageDaysRequest,
  type ListUsageRequest,
} from "@interlock/bot/protocol";
import { parseManifest, servedManifest } from "@interlock/policy";
import { createChainVerifier } from "@interlock/policy/audit-log";
import { type Authority, startAuthority } from "./authority.js";
import { openStore } from "./store/open-store.js";
import type { TokenNotice } from "./tokens/token-issuer.js";

const log = silentLog;

describe("authority", () => {
  let folder: string;
  let authority: Authority;
  let bots: Bot[];
  const start = (port = 0) => startAuthority({ dataDir: join(folder, "authority"), trustDomain: "cafe", port, log });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-authority-"));
    authority = await start();
    bots = [];
  });
  afterEach(async () => {
    await Promise.all(bots.map((bot) => bot.close(0)));
    await authority.close();
    await rm(folder, { recursive: true });
  });

  async function joined(name: string, given?: string): Promise<Bot> {
    const joinToken = given ?? (await authority.createJoinToken(name));
    const stateDir = join(folder, "bots", name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log });
    bots.push(bot);
    return bot;
  }

  const refused = (work: Promise<unknown>, reason: string | undefined, code: string) =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.reason, error.code], [reason, code], error.message);
      return true;
    });

  it("takes a bot in, once per join token, and lists it", async () => {
    const joinToken = await authority.createJoinToken("gripper/1");
    const gripper = await joined("gripper/1", joinToken);
    assert.equal(gripper.spiffeId.uri, "spiffe://cafe/gripper/1");
    const denials: Denial[] = [];
    authority.onDenial((denial) => denials.push(denial));
    const again = join(folder, "again");
    const options = { authority: authority.address, name: "gripper/1", joinToken, stateDir: again, log };
    await refused(joinFleet(options), "JOIN_TOKEN_USED", "UNAUTHENTICATED");
    assert.deepEqual(
      denials.filter((d) => d.method !== "").map((d) => d.reason),
      ["JOIN_TOKEN_USED"],
    );

    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    const { bots: listed } = await admin.listBots({});
    assert.deepEqual(
      listed.map((bot) => [bot.spiffeId, bot.revocation]),
      [
        ["spiffe://cafe/gripper/1", undefined],
        ["spiffe://cafe/operator/alice", undefined],
      ],
    );
  });

  it("lets a bot refuse an authority whose CA is not the one in its token", async () => {
    const joinToken = await authority.createJoinToken("gripper/1");
    const parsed = parseJoinToken(joinToken) as JoinToken;
    const forged = formatJoinToken({ ...parsed, caDigest: caDigest(Uint8Array.of(1)) });
    await refused(joined("gripper/1", forged), "CA_PIN_MISMATCH", "UNAUTHENTICATED");
  });

  it("issues tokens for what is granted, bound to the caller's certificate", async () => {
    const leader = await joined("leader/1");
    const client = leader.client(AuthorityService, authority.address);
    const audience = "cafe.v1.GripperService";
    const request = { audience, scopes: ["gripper:actuate", "gripper:observe"] };
    const notices: TokenNotice[] = [];
    authority.onToken((notice) => notices.push(notice));
    await refused(client.issueToken(request), "NO_GRANT", "PERMISSION_DENIED");

    const applied = await authority.applyGrants(`grants: {"leader/*": {${audience}: ["gripper:observe"]}}`);
    assert.deepEqual([applied.version, applied.changes.length], [1, 1]);
    const { token, scopes, expiresAt } = await client.issueToken(request);
    assert.deepEqual(scopes, ["gripper:observe"]);
    const issuedAt = notices[0]?.issuedAt ?? 0;
    assert.deepEqual(notices, [{ name: "leader/1", audience, scopes, issuedAt, expiresAt: expiresAt?.getTime() }]);
    const expectation = {
      trust: leader.trust.state,
      spiffeId: leader.spiffeId,
      certificate: leader.identity.current().leaf,
      now: Date.now(),
    };
    const verified = await verifyToken(token, expectation);
    assert.deepEqual([...verified.scopes], ["gripper:observe"]);
    assert.equal(verified.expiresAt, expiresAt?.getTime());
    const other = await joined("leader/2");
    const stolen = { ...expectation, certificate: other.identity.current().leaf };
    await refused(verifyToken(token, stolen), "TOKEN_BINDING_MISMATCH", "UNAUTHENTICATED");
  });

  it("makes tokens worthless that hold a scope which has been taken away, and no others", async () => {
    const audience = AdminService.name;
    const grants = (scopes: string) => authority.applyGrants(`grants: {"ci/*": {${audience}: [${scopes}]}}`);
    await grants("'bots:read', 'usage:read'");
    const ci = await joined("ci/1");
    const issuer = ci.client(AuthorityService, authority.address);
    const own = ci.client(AdminService, authority.address);
    await own.listBots({});
    // What a thief of the whole process would hold: tokens that are kept.
    const keeping = async (...scopes: string[]) => {
      const { token } = await issuer.issueToken({ audience, scopes });
      const tokens = { authorization: () => `Bearer ${token}`, forget() {} };
      const parts = { identity: ci.identity, trust: ci.trust, recorder: createRecorder(), clock: systemClock, log };
      const bot = createBot({ ...parts, tokens });
      bots.push(bot);
      return bot.client(AdminService, authority.address);
    };
    const both = await keeping("bots:read", "usage:read");
    const usage = await keeping("usage:read");
    await both.listBots({});
    await usage.listUsage({});

    const told = new Promise((done) => ci.trust.onChange(done));
    await grants("'usage:read'");
    await told;
    await refused(both.listBots({}), "TOKEN_OUTDATED", "UNAUTHENTICATED");
    await refused(both.listUsage({}), "TOKEN_OUTDATED", "UNAUTHENTICATED");
    await usage.listUsage({});
    // A bot that keeps its tokens itself asks for another at once, without a refusal in between.
    await own.listUsage({});
    await refused(own.listBots({}), "SCOPE_MISSING", "PERMISSION_DENIED");
  });

  it("answers an operator that takes a scope away from itself, and then no more", async () => {
    const grants = (...scopes: string[]) => `grants: {"ci/*": {${AdminService.name}: [${scopes.join(", ")}]}}`;
    await authority.applyGrants(grants("'grants:write'", "'bots:read'"));
    const ci = await joined("ci/1");
    const admin = ci.client(AdminService, authority.address);
    const told = new Promise((done) => ci.trust.onChange(done));
    // It is the last that could undo it.
    assert.equal((await admin.applyGrants({ yaml: grants("'bots:read'"), force: true })).version, 2n);
    await told;
    await refused(admin.applyGrants({ yaml: "grants: {}" }), "SCOPE_MISSING", "PERMISSION_DENIED");
    await admin.listBots({});
  });

  it("renews a bot's own identity, and no other", async () => {
    const client = (await joined("gripper/1")).client(AuthorityService, authority.address);
    const keys = await createKeyPair();
    const { certificate } = await client.renew({ csr: await createCsr(keys, "spiffe://cafe/gripper/1") });
    const leaf = parseCertificate(certificate?.chain[0] as Uint8Array);
    assert.deepEqual(leaf.uris, ["spiffe://cafe/gripper/1"]);
    const csr = await createCsr(keys, "spiffe://cafe/gripper/2");
    await refused(client.renew({ csr }), "CSR_REJECTED", "PERMISSION_DENIED");
  });

  it("serves operators only, without any grants", async () => {
    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    const yaml = 'grants: {"a/*": {a.B: ["x:y"]}, "ci/*": {interlock.authority.v1.AdminService: ["bots:enroll"]}}';
    const preview = await admin.applyGrants({ yaml, dryRun: true });
    assert.deepEqual([preview.version, preview.changes.length], [0n, 2]);
    assert.equal((await admin.applyGrants({ yaml })).version, 1n);
    assert.deepEqual(await admin.getGrants({}), { yaml, version: 1n });
    await refused(admin.applyGrants({ yaml: "grants:" }), "GRANTS_INVALID", "INVALID_ARGUMENT");

    const { joinToken } = await admin.createJoinToken({ name: "ci/1" });
    const ci = (await joined("ci/1", joinToken)).client(AdminService, authority.address);
    await ci.createJoinToken({ name: "gripper/1" });
    await refused(ci.createJoinToken({ name: "operator/eve" }), "CALLER_NOT_ALLOWED", "PERMISSION_DENIED");
    await refused(ci.listBots({}), "SCOPE_MISSING", "PERMISSION_DENIED");

    const gripper = (await joined("gripper/1")).client(AdminService, authority.address);
    await refused(gripper.listBots({}), "NO_GRANT", "PERMISSION_DENIED");
    await refused(admin.createJoinToken({ name: "interlock/authority" }), undefined, "INVALID_ARGUMENT");
  });

  it("remembers endpoints and usage, under the identity of the reporting bot", async () => {
    const gripper = await joined("gripper/1");
    const report = {
      endpoints: [{ spiffeId: "spiffe://cafe/leader/1", service: "cafe.v1.GripperService", address: "10.0.0.1:1" }],
      usage: [{ spiffeId: "spiffe://cafe/x", method: "cafe.v1.GripperService/Grip", count: 2n, lastAt: new Date(5) }],
    };
    await gripper.client(AuthorityService, authority.address).report(report);
    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    const { spiffeId } = gripper;
    const expected = [{ ...report.endpoints[0], spiffeId: spiffeId.uri }];
    assert.deepEqual((await admin.findEndpoints({ service: "GripperService" })).endpoints, expected);
    const { usage } = await admin.listUsage({});
    const row = usage.find((found) => found.method === "cafe.v1.GripperService/Grip");
    assert.deepEqual([row?.spiffeId, row?.count, row?.lastAt?.getTime()], [spiffeId.uri, 2n, 5]);
    const own = await admin.findEndpoints({ service: "AuthorityService" });
    assert.deepEqual(
      own.endpoints.map((endpoint) => endpoint.address),
      [authority.address],
    );
  });

  it("lists the processes of bots and what they serve, and usage by bot, service, method, time and outcome", async () => {
    const gripper = await joined("gripper/1");
    const { methods } = AdminService;
    const served = { name: "cafe.v1.GripperService", servedBy: [], methods: {} };
    const json = JSON.stringify(servedManifest([served]));
    const manifestHash = createHash("sha256").update(json).digest("hex");
    const client = gripper.client(AuthorityService, authority.address);
    const endpoints = [{ service: served.name, address: "10.0.0.1:1" }];
    const report = { endpoints, instance: "one", version: "1.2", manifestHash, startedAt: new Date(7) };
    assert.deepEqual(await client.report(report), { manifestWanted: true });
    assert.deepEqual(await client.report({ ...report, manifest: json }), { manifestWanted: false });
    const rows = [
      { method: "cafe.v1.GripperService/Grip", caller: "spiffe://cafe/leader/1", count: 2n, lastAt: new Date(9_000) },
      {
        method: "cafe.v1.GripperService/Hold",
        caller: "spiffe://cafe/b",
        denial: "NO_GRANT",
        count: 1n,
        lastAt: new Date(5),
      },
      { method: "cafe.v1.GripperServices/Hold", caller: "spiffe://cafe/b", count: 1n, lastAt: new Date(5) },
      {
        method: "cafe.v1.GripperService/Tilt",
        caller: "spiffe://cafe/leader/1",
        actors: ["spiffe://cafe/gateway/1", "spiffe://cafe/front/1"],
        count: 3n,
        lastAt: new Date(86_400_000),
      },
    ];
    assert.deepEqual(await client.report({ ...report, usage: rows }), { manifestWanted: false });

    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    const { instances } = await admin.listInstances({});
    const one = instances.find(({ spiffeId }) => spiffeId === gripper.spiffeId.uri);
    assert.deepEqual(one, {
      spiffeId: gripper.spiffeId.uri,
      instance: "one",
      version: "1.2",
      manifestHash,
      services: [served.name],
      addresses: ["10.0.0.1:1"],
      startedAt: new Date(7),
      lastSeenAt: one?.lastSeenAt,
      stoppedAt: undefined,
      online: true,
    });
    assert.ok(instances.some(({ spiffeId, online }) => spiffeId === "spiffe://cafe/interlock/authority" && online));
    const { manifests } = await admin.listManifests({});
    assert.deepEqual(manifests.find(({ hash }) => hash === manifestHash)?.json, json);
    const own = manifests.flatMap((manifest) => parseManifest(manifest.json).services);
    assert.equal(own.find(({ name }) => name === AdminService.name)?.methods.length, Object.keys(methods).length);

    await client.report({ ...report, stopping: true });
    const stopped = (await admin.listInstances({})).instances.find(({ instance }) => instance === "one");
    assert.deepEqual([stopped?.online, stopped?.stoppedAt !== undefined], [false, true]);

    const listed = async (request: Partial<ListUsageRequest>) =>
      (await admin.listUsage({ service: "cafe.v1.GripperService", ...request })).usage.map(({ method }) =>
        method.slice(-4),
      );
    assert.deepEqual(await listed({}), ["Grip", "Hold", "Tilt"]);
    assert.deepEqual(await listed({ denied: true }), ["Hold"]);
    assert.deepEqual(await listed({ bot: "leader/*" }), ["Grip", "Tilt"]);
    assert.deepEqual(await listed({ bot: "gripper/1" }), ["Grip", "Hold", "Tilt"]);
    assert.deepEqual(await listed({ bot: "front/*" }), ["Tilt"]);
    assert.deepEqual(await listed({ method: "cafe.v1.GripperService/Hold" }), ["Hold"]);
    assert.deepEqual(await listed({ since: new Date(6) }), ["Grip", "Tilt"]);
    const [tilt] = (await admin.listUsage({ method: "cafe.v1.GripperService/Tilt" })).usage;
    assert.deepEqual(tilt?.actors, rows[3]?.actors);
    const days = async (request: Partial<ListUsageDaysRequest>) =>
      (await admin.listUsageDays({ service: "cafe.v1.GripperService", ...request })).days.map(
        ({ day, method, actors, count }) => `${day} ${method.slice(-4)} ${actors.length} ${count}`,
      );
    const [grip, hold, third] = ["1970-01-01 Grip 0 2", "1970-01-01 Hold 0 1", "1970-01-02 Tilt 2 3"];
    assert.deepEqual(await days({}), [grip, hold, third]);
    assert.deepEqual(await days({ since: new Date(86_400_001) }), [third]);
    assert.deepEqual(await days({ until: new Date(86_399_999) }), [grip, hold]);
    assert.deepEqual(await days({ denied: true }), [hold]);
    assert.deepEqual(await days({ bot: "gateway/*" }), [third]);
    for (const bad of [{ bot: "a b" }, { service: "a/b" }]) {
      await refused(admin.listUsage(bad), undefined, "INVALID_ARGUMENT");
      await refused(admin.listUsageDays(bad), undefined, "INVALID_ARGUMENT");
    }
    const { servers } = await admin.listServerRecords({});
    const server = servers.find(({ service }) => service === served.name);
    assert.deepEqual([server?.spiffeId, server?.uncountedAt !== undefined], [gripper.spiffeId.uri, true]);
    const ownServer = servers.find(({ service }) => service === AdminService.name);
    assert.deepEqual(ownServer?.uncountedAt, undefined, "the authority counts its own calls");
  });

  it("lists the audit log by kind, bot and time, and its latest records", async () => {
    const alice = await joined("operator/alice");
    const admin = alice.client(AdminService, authority.address);
    for (const name of ["a/1", "a/2", "b/1"]) await joined(name);
    const seqs = async (request: Partial<ListLogRequest>) => {
      const { records, lookedAt, head } = await admin.listLog(request);
      return {
        subjects: records.map(({ kind, subject }) => `${kind} ${subject.replace("spiffe://cafe/", "")}`),
        lookedAt,
        head: head?.seq,
      };
    };
    const joins = await seqs({ kinds: ["join"], bot: "a/*" });
    assert.deepEqual(joins.subjects, ["join a/1", "join a/2"]);
    assert.equal(joins.lookedAt, joins.head);
    const invited = await seqs({ kinds: ["invite"], bot: "b/1" });
    assert.deepEqual(invited.subjects, ["invite b/1"], "a name that is no SPIFFE ID");
    const latest = await seqs({ kinds: ["join"], latest: true, limit: 2 });
    assert.deepEqual(latest.subjects, ["join a/2", "join b/1"]);
    const before = await seqs({ kinds: ["join"], latest: true, limit: 2, after: latest.lookedAt });
    assert.deepEqual(before.subjects, ["join operator/alice", "join a/1"]);
    assert.deepEqual((await seqs({ until: new Date(5) })).subjects, []);
    assert.deepEqual((await seqs({ since: new Date(Date.now() + 3_600_000) })).subjects, []);
    assert.deepEqual((await seqs({ after: 2n ** 64n - 1n })).subjects, []);
    assert.deepEqual((await seqs({ after: 1n, latest: true })).subjects, []);
    for (const bad of [{ bot: "a b" }, { kinds: ["Join\n"] }, { kinds: Array(65).fill("join") }])
      await refused(admin.listLog(bad), undefined, "INVALID_ARGUMENT");
  });

  it("tells a bot where the services are at which it is granted a scope, and forgets servers that are gone", async () => {
    let ahead = 0;
    await authority.close();
    const clock = { now: () => Date.now() + ahead };
    const options = { dataDir: join(folder, "authority"), trustDomain: "cafe", port: 0, log, clock };
    authority = await startAuthority({ ...options, advertise: "auth.cafe.example:443", staleAfterMs: 3_600_000 });
    assert.equal(authority.address, "auth.cafe.example:443");
    const local = `127.0.0.1:${authority.port}`;
    const enter = async (name: string) => {
      const joinToken = await authority.createJoinToken(name);
      const bot = await joinFleet({
        authority: local,
        name,
        joinToken,
        stateDir: join(folder, "far", name),
        log,
        clock,
      });
      bots.push(bot);
      return bot;
    };
    const [gripper, coffee, operator] = [
      await enter("gripper/1"),
      await enter("coffee/1"),
      await enter("operator/eve"),
    ];
    const { authorities } = await operator.client(AdminService, local).createJoinToken({ name: "gripper/2" });
    assert.deepEqual(authorities, ["auth.cafe.example:443"]);
    const report = (address: string, stopping = false) =>
      gripper.client(AuthorityService, local).report({ endpoints: [{ service: "a.B", address }], stopping });
    const find = async () => {
      const found = await coffee
        .client(AuthorityService, local)
        .findServers({ service: "a.B", servedBy: ["gripper/*"] });
      return found.endpoints.map(({ address }) => address);
    };
    await report("10.0.0.2:1");
    await refused(find(), "NO_GRANT", "PERMISSION_DENIED");
    await authority.applyGrants('grants: {"coffee/*": {a.B: ["directory:read"]}}');
    assert.deepEqual(await find(), ["10.0.0.2:1"]);
    await report("0.0.0.0:1"); // Nothing can dial it.
    assert.deepEqual(await find(), []);
    await report("10.0.0.3:1");
    assert.deepEqual(await find(), ["10.0.0.3:1"]);
    await report("10.0.0.3:1", true); // What it has served to the end.
    assert.deepEqual(await find(), []);
    await report("10.0.0.3:1");
    ahead = 3 * 60_000 + 1_000;
    assert.deepEqual(await find(), []);
    await report("10.0.0.3:1");
    assert.deepEqual(await find(), ["10.0.0.3:1"]);
  });

  it("tells every bot of a revocation, and refuses the bot itself", async () => {
    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    const [good, bad] = [await joined("gripper/1"), await joined("gripper/2")];
    const client = bad.client(AuthorityService, authority.address);
    const csr = await createCsr(await createKeyPair(), bad.spiffeId.uri);
    await client.renew({ csr }); // It can, until it is revoked.

    const told = new Promise<void>((resolve) => good.trust.onChange(() => resolve()));
    const subject = { $case: "identity", value: bad.spiffeId.uri } as const;
    const { revocation, trustVersion } = await admin.revoke({ subject, reason: "stolen" });
    assert.deepEqual([revocation?.subject, revocation?.reason, trustVersion], [subject, "stolen", 2n]);
    await told;
    assert.deepEqual(
      good.trust.state.revocations.map((r) => r.subject),
      [bad.spiffeId.uri],
    );
    await assert.rejects(client.renew({ csr }));
    await assert.rejects(client.issueToken({ audience: "a.B", scopes: ["a:b"] }));
    await refused(authority.createJoinToken("gripper/2"), "IDENTITY_REVOKED", "UNAUTHENTICATED");
    await refused(admin.revoke({ reason: "what?" }), undefined, "INVALID_ARGUMENT");
  });

  it("has a record of everything that was done, which can be verified", async () => {
    const alice = await joined("operator/alice");
    const admin = alice.client(AdminService, authority.address);
    const { id, joinToken } = await admin.createJoinToken({ name: "gripper/1" });
    const gripper = await joined("gripper/1", joinToken);
    const client = gripper.client(AuthorityService, authority.address);
    await client.renew({ csr: await createCsr(await createKeyPair(), gripper.spiffeId.uri) });
    await admin.applyGrants({ yaml: "grants: {gripper/1: {a.B: ['a:b']}}" });
    await client.issueToken({ audience: "a.B", scopes: ["a:b"] });
    await client.report({ usage: [{ method: "a.B/C", denial: "SCOPE_MISSING", count: 3n }] });
    const subject = { $case: "pattern", value: "worker/*" } as const;
    await admin.revoke({ subject, reason: "recalled" });
    await admin.unrevoke({ subject });
    await admin.deleteJoinToken({ id });
    await admin.retireBot({ name: "gripper/1" });

    const { records, checkpoint, head } = await admin.listLog({});
    const plain = records.map((record) => ({ ...record, seq: Number(record.seq), at: Number(record.at) }));
    const told = plain
      .filter(({ kind, actor }) => kind !== "token" || actor === gripper.spiffeId.uri)
      .map(({ kind, actor, subject }) =>
        [kind, actor, subject].map((text) => text.replace("spiffe://cafe/", "")).join(" "),
      );
    assert.deepEqual(told, [
      `ca interlock/authority ${Buffer.from(authority.caDigest).toString("hex")}`,
      "invite interlock/authority operator/alice",
      "join operator/alice operator/alice",
      "invite operator/alice gripper/1",
      "join gripper/1 gripper/1",
      "renew gripper/1 gripper/1",
      "grants operator/alice grants",
      "token gripper/1 a.B",
      "denials gripper/1 gripper/1",
      "revoke operator/alice worker/*",
      "unrevoke operator/alice worker/*",
      `uninvite operator/alice ${id}`,
      "retire operator/alice gripper/1",
    ]);
    const position = (at = { seq: 0n, hash: "" }) => ({ ...at, seq: Number(at.seq) });
    const verifier = createChainVerifier({ checkpoint: position(checkpoint), head: position(head) });
    for (const record of plain) verifier.add(record);
    assert.deepEqual(verifier.finish(), []);
    const page = await admin.listLog({ after: 2n, limit: 2 });
    assert.deepEqual(
      page.records.map(({ seq }) => seq),
      [3n, 4n],
    );
  });

  it("revokes a bot that has been cloned, and tells of it", async () => {
    const gripper = await joined("gripper/1");
    const copied = gripper.identity.current();
    const operator = await joined("operator/alice");
    const clone = createBot({
      identity: createObservable(copied),
      trust: operator.trust,
      tokens: { authorization: () => "", forget() {} },
      recorder: createRecorder(),
      clock: systemClock,
      log,
    });
    const renewal = async () => ({ csr: await createCsr(await createKeyPair(), gripper.spiffeId.uri) });
    const client = clone.client(AuthorityService, authority.address);
    await client.renew(await renewal()); // Its answer may have been lost: no bot has used it yet.

    const keys = await createKeyPair();
    const csr = await createCsr(keys, gripper.spiffeId.uri);
    const { certificate } = await gripper.client(AuthorityService, authority.address).renew({ csr });
    assert.equal(certificate?.generation, 2n);
    (gripper.identity as MutableObservable<Identity>).replace(
      createIdentity(keys.privateKeyPem, certificate?.chain ?? []),
    );
    await gripper.client(AuthorityService, authority.address).confirm({});

    const denials: Denial[] = [];
    authority.onDenial((denial) => denials.push(denial));
    const told = new Promise((done) => operator.trust.onChange(done));
    await refused(client.renew(await renewal()), "CLONE_DETECTED", "PERMISSION_DENIED");
    await told;
    assert.deepEqual(
      denials.map((d) => [d.reason, d.caller]),
      [
        ["CLONE_DETECTED", gripper.spiffeId.uri],
        ["IDENTITY_REVOKED", gripper.spiffeId.uri], // Its trust feed, which was cut.
      ],
    );
    assert.equal(operator.trust.peerRevoked(gripper.spiffeId.uri, copied.leaf), "IDENTITY_REVOKED");
    await clone.close(0);
  });

  it("renews automatically, and confirms that the answer has arrived", async () => {
    const short = await startAuthority({
      dataDir: join(folder, "short"),
      trustDomain: "cafe",
      port: 0,
      log,
      leafTtlMs: 3_000,
    });
    const joinToken = await short.createJoinToken("gripper/1");
    const stateDir = join(folder, "short-bot");
    const bot = await joinFleet({ authority: short.address, name: "gripper/1", joinToken, stateDir, log });
    const { serial } = bot.identity.current().leaf;
    for (let renewals = 0; renewals < 2; renewals++) await new Promise((done) => bot.identity.onChange(done));
    assert.notEqual(bot.identity.current().leaf.serial, serial);
    await bot.close(0);
    await short.close();
    const store = await openStore(join(folder, "short"));
    const lineage = await store.certificates.lineage("gripper/1");
    assert.ok((lineage?.seenGeneration ?? 0) >= 3, JSON.stringify(lineage));
    await store.close();
  });

  it("gives a retired bot neither certificate nor token", async () => {
    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    const gripper = await joined("gripper/1");
    const client = gripper.client(AuthorityService, authority.address);
    await authority.applyGrants("grants: {gripper/1: {a.B: ['a:b']}}");
    const request = { audience: "a.B", scopes: ["a:b"] };
    const renewal = { csr: await createCsr(await createKeyPair(), gripper.spiffeId.uri) };
    await client.issueToken(request);
    await client.renew(renewal);
    assert.ok((await admin.retireBot({ name: "gripper/1" })).bot?.retiredAt);
    await refused(client.issueToken(request), "BOT_RETIRED", "PERMISSION_DENIED");
    await refused(client.renew(renewal), "BOT_RETIRED", "PERMISSION_DENIED");
    assert.ok((await admin.listBots({})).bots[0]?.retiredAt);
  });

  it("lists and deletes join tokens", async () => {
    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    const { id, joinToken } = await admin.createJoinToken({ name: "worker/*", uses: 2 });
    const worker = await joined("worker/1", joinToken);
    assert.equal(worker.spiffeId.uri, "spiffe://cafe/worker/1");
    const { joinTokens } = await admin.listJoinTokens({});
    assert.deepEqual(
      joinTokens.filter((token) => token.id === id).map(({ name, uses, used }) => [name, uses, used]),
      [["worker/*", 2, 1]],
    );
    await admin.deleteJoinToken({ id });
    await refused(joined("worker/2", joinToken), "JOIN_TOKEN_INVALID", "UNAUTHENTICATED");
    await refused(admin.deleteJoinToken({ id }), undefined, "NOT_FOUND");
  });

  it("invites several bots by a pattern only, and says when a name is in use", async () => {
    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    await assert.rejects(admin.createJoinToken({ name: "worker/1", uses: 3 }), (error) => {
      assert.equal((error as InterlockError).code, "INVALID_ARGUMENT");
      assert.match((error as InterlockError).message, /For 3 bots invite a pattern, such as "worker\/\*"\.$/);
      return true;
    });
    assert.equal((await admin.createJoinToken({ name: "worker/1" })).inUseUntil, undefined);
    const worker = await joined("worker/1");
    const { inUseUntil } = await admin.createJoinToken({ name: "worker/1" });
    assert.equal(inUseUntil?.getTime(), worker.identity.current().leaf.notAfter);
    assert.equal((await admin.createJoinToken({ name: "worker/*", uses: 3 })).inUseUntil, undefined);
    await admin.retireBot({ name: "worker/1" });
    assert.equal((await admin.createJoinToken({ name: "worker/1" })).inUseUntil, undefined);
  });

  it("revokes every bot of a pattern, those to come too, until it is unrevoked", async () => {
    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    const worker = await joined("worker/1");
    const gripper = await joined("gripper/1");
    const client = worker.client(AuthorityService, authority.address);
    await client.report({ endpoints: [{ service: "a.B", address: "a:1" }] }); // It can, until it is revoked.
    const subject = { $case: "pattern", value: "worker/*" } as const;
    const { trustVersion } = await admin.revoke({ subject, reason: "recalled" });
    await assert.rejects(client.report({}));
    await refused(authority.createJoinToken("worker/2"), "IDENTITY_REVOKED", "UNAUTHENTICATED");
    await gripper.client(AuthorityService, authority.address).report({});
    assert.deepEqual((await admin.findEndpoints({ service: "a.B" })).endpoints, []);
    const { bots: listed } = await admin.listBots({});
    assert.deepEqual(
      listed.map((bot) => bot.revocation?.reason),
      [undefined, undefined, "recalled"],
    );
    assert.deepEqual(
      (await admin.listRevocations({})).revocations.map(({ subject }) => subject),
      [subject],
    );

    assert.equal((await admin.unrevoke({ subject })).trustVersion, trustVersion + 1n);
    await worker.close(0); // Its old connection is on its way out.
    const again = await joined("worker/1");
    await again.client(AuthorityService, authority.address).report({});
    assert.deepEqual((await admin.listRevocations({})).revocations, []);
    await refused(admin.unrevoke({ subject }), undefined, "NOT_FOUND");
    for (const value of ["operator/*", "**", "*/authority", "a b"]) {
      await refused(admin.revoke({ subject: { $case: "pattern", value } }), undefined, "INVALID_ARGUMENT");
    }
  });

  it("tells a bot that was away what was revoked and unrevoked meanwhile", async () => {
    const stateDir = join(folder, "bots", "gripper/1");
    const gripper = await joined("gripper/1");
    const lost = { kind: "identity", subject: "spiffe://cafe/lost" } as const;
    const seen = (bot: Bot) =>
      bot.trust.state.revocations.length > 0 ? undefined : new Promise((done) => bot.trust.onChange(done));
    const told = seen(gripper);
    await authority.revoke(lost, "lost");
    await told;
    await gripper.close(0);
    await authority.unrevoke(lost);
    const { port } = authority;
    await authority.close();
    authority = await start(port);
    const saved = JSON.parse(await readFile(join(stateDir, "trust.json"), "utf8"));
    assert.equal(saved.revocations.length, 1, "as it was saved");
    const again = await joinFleet({ authority: authority.address, name: "gripper/1", stateDir, log });
    bots.push(again);
    assert.deepEqual(again.trust.state.revocations, []);
  });

  it("has everything again after a restart, for its own trust domain only", async () => {
    const gripper = await joined("gripper/1");
    await authority.applyGrants("grants: {}");
    await authority.revoke({ kind: "identity", subject: "spiffe://cafe/lost" }, "lost");
    const { port, caCertificate } = authority;
    const dataDir = join(folder, "authority");
    await assert.rejects(startAuthority({ dataDir, trustDomain: "cafe", port: 0, log }), /Another authority/);
    await authority.close();
    await assert.rejects(startAuthority({ dataDir, trustDomain: "bar", port: 0, log }), /belongs to .* "cafe"/);

    authority = await start(port);
    assert.deepEqual(authority.caCertificate, caCertificate);
    assert.equal((await stat(dataDir)).mode & 0o777, 0o700);
    await gripper.client(AuthorityService, authority.address).report({});
    const admin = (await joined("operator/alice")).client(AdminService, authority.address);
    assert.deepEqual(await admin.getGrants({}), { yaml: "grants: {}", version: 1n });
    assert.deepEqual(
      (await admin.listBots({})).bots.map((bot) => bot.spiffeId),
      ["spiffe://cafe/gripper/1", "spiffe://cafe/operator/alice"],
    );
    await refused(authority.createJoinToken("lost"), "IDENTITY_REVOKED", "UNAUTHENTICATED");
  });

  it("keeps its keys encrypted under a passphrase, and starts with no other", async () => {
    const dataDir = join(folder, "sealed");
    const options = { dataDir, trustDomain: "cafe", port: 0, log };
    const first = await startAuthority(options);
    await first.close();
    const keys = async () => {
      const paths = (await readdir(dataDir)).filter((name) => name.endsWith(".key")).map((name) => join(dataDir, name));
      assert.equal(paths.length, 3);
      return Promise.all(paths.map((path) => readFile(path, "utf8")));
    };
    assert.match((await keys()).join(), /BEGIN PRIVATE KEY.*"d":/s);
    const keyPassphrase = "correct horse battery";
    const sealed = await startAuthority({ ...options, keyPassphrase });
    assert.deepEqual(sealed.caCertificate, first.caCertificate);
    await sealed.close();
    assert.doesNotMatch((await keys()).join(), /PRIVATE KEY|"d":/);
    await assert.rejects(startAuthority(options), /is encrypted: give the passphrase/);
    await assert.rejects(startAuthority({ ...options, keyPassphrase: "another one, as long" }), /cannot be decrypted/);
    await assert.rejects(startAuthority({ ...options, keyPassphrase: "short" }), TypeError);
    await (await startAuthority({ ...options, keyPassphrase })).close();
  });

  it("gives the folder back when it cannot start", async () => {
    const dataDir = join(folder, "other");
    const options = { dataDir, trustDomain: "cafe", log };
    await assert.rejects(
      startAuthority({ ...options, port: authority.port }),
      /Port \d+ is already in use on 127\.0\.0\.1: choose another port/,
    );
    await (await startAuthority({ ...options, port: 0 })).close();
    await assert.rejects(startAuthority({ ...options, trustDomain: "Cafe", port: 0 }), TypeError);
    await assert.rejects(startAuthority({ ...options, trustDomain: ".cafe", port: 0 }), /such as "cafe"/);
  });

  it("frees its port when it closes", async () => {
    const { port } = authority;
    await joined("gripper/1");
    await Promise.all([authority.close(), authority.close()]);
    const code = await new Promise((resolve) =>
      connect(port, "127.0.0.1").on("error", (e: NodeJS.ErrnoException) => resolve(e.code)),
    );
    assert.equal(code, "ECONNREFUSED");
  });
});
