import assert from "node:assert/strict";
import { createCsr, createKeyPair, InterlockError, type JoinToken, parseJoinToken } from "@interlock/bot";
import { caDigest, formatJoinToken } from "@interlock/bot/internal";
import { type SpiffeId, spiffeId } from "@interlock/policy";
import { createJoinToken } from "../join-tokens/create-join-token.js";
import { openTestCa } from "../testing/open-test-ca.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { type EnrollmentBasis, join } from "./join.js";
import { markSeen } from "./lineage.js";
import { renew as renewOver } from "./renew.js";
import { retire } from "./retire.js";

const now = Date.UTC(2030, 0, 1);
const minute = 60_000;
const trustDomain = "cafe";
const id = "spiffe://cafe/gripper/1";

describeOnEach("enrollment", (createStore) => {
  let place: TestStore;
  let basis: EnrollmentBasis;
  const open = async (): Promise<EnrollmentBasis> => {
    const store = await place.open();
    const ca = await openTestCa(store, place.vault(store), now);
    return { store, ca, trustDomain, renewAfterExpiryMs: 20 * minute };
  };
  beforeEach(async () => {
    place = await createStore();
    basis = await open();
  });
  afterEach(async () => {
    await basis.store.close();
    await place.remove();
  });

  const renew = async (basis: EnrollmentBasis, id: SpiffeId, request: Uint8Array, now: number) => {
    const [bot] = await basis.store.bots.list();
    const certificate = { serial: bot?.certificateSerial ?? "" };
    return renewOver(basis, { spiffeId: id, certificate }, request, now);
  };
  const csr = async (uri = id) => createCsr(await createKeyPair(), uri);
  const create = (name = "gripper/1", ttlMs?: number, uses?: number) =>
    createJoinToken({ ...basis, caDigest: caDigest(basis.ca.pinned), name, ttlMs, uses, now, by: "me" });
  const token = async (name?: string) => (await create(name)).joinToken;
  const forge = (joinToken: string, change: Partial<JoinToken>) =>
    formatJoinToken({ ...(parseJoinToken(joinToken) as JoinToken), ...change });
  const refused = (work: Promise<unknown>, reason: string, code = "UNAUTHENTICATED") =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof InterlockError);
      assert.deepEqual([error.reason, error.code], [reason, code]);
      return true;
    });

  it("gives a certificate for a join token, and records the bot", async () => {
    const { joinToken, expiresAt } = await create();
    assert.equal(expiresAt, now + 15 * minute);
    const { leaf, chain } = await join(basis, { joinToken, csr: await csr() }, now);
    assert.deepEqual([leaf.uris, chain.length], [[id], 2]);
    assert.deepEqual(await basis.store.bots.list(), [
      {
        name: "gripper/1",
        joinedAt: now,
        certificateSerial: leaf.serial,
        certificateExpiresAt: now + 60 * minute,
        retiredAt: null,
      },
    ]);
  });

  it("lets a name join again with a new token, unless it is revoked", async () => {
    await join(basis, { joinToken: await token(), csr: await csr() }, now);
    await join(basis, { joinToken: await token(), csr: await csr() }, now + 1);
    assert.equal((await basis.store.bots.list()).length, 1);

    const joinToken = await token();
    const revocation = { kind: "identity", subject: id, revokedAt: now, reason: "", trustVersion: 2 } as const;
    await basis.store.revocations.add(revocation);
    await refused(join(basis, { joinToken, csr: await csr() }, now), "IDENTITY_REVOKED");
    await refused(renew(basis, spiffeId("cafe", "gripper/1"), await csr(), now), "IDENTITY_REVOKED");
    await refused(token(), "IDENTITY_REVOKED");
  });

  it("takes a token once, from one of many at once", async () => {
    const joinToken = await token();
    const requests = await Promise.all(Array.from({ length: 10 }, async () => ({ joinToken, csr: await csr() })));
    const outcomes = await Promise.allSettled(requests.map((request) => join(basis, request, now)));
    assert.equal(outcomes.filter((outcome) => outcome.status === "fulfilled").length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") assert.equal(outcome.reason.reason, "JOIN_TOKEN_USED");
    }
  });

  it("refuses tokens that are used, late, forged, or for another name", async () => {
    const request = async (joinToken: string) => ({ joinToken, csr: await csr() });
    const joinToken = await token();
    await refused(join(basis, await request("ILK1-nonsense"), now), "JOIN_TOKEN_INVALID");
    await refused(join(basis, await request(""), now), "JOIN_TOKEN_INVALID");
    const secret = new Uint8Array(32);
    await refused(join(basis, await request(forge(joinToken, { secret })), now), "JOIN_TOKEN_INVALID");
    await refused(join(basis, await request(forge(joinToken, { trustDomain: "b" })), now), "JOIN_TOKEN_INVALID");
    await refused(join(basis, await request(joinToken), now + 15 * minute), "JOIN_TOKEN_EXPIRED");
    await refused(join(basis, await request(forge(joinToken, { name: "a" })), now), "JOIN_TOKEN_NAME_MISMATCH");
    await join(basis, await request(joinToken), now);
    await refused(join(basis, await request(joinToken), now), "JOIN_TOKEN_USED");
  });

  it("lets the key that has used a token come again until its certificate is in use, and no other key", async () => {
    const { store } = basis;
    const keys = await createKeyPair();
    const request = async (joinToken: string, by = keys) => ({ joinToken, csr: await createCsr(by, id) });
    const joinToken = await token();
    const first = await join(basis, await request(joinToken), now);
    const [second, third] = await Promise.all(
      [1, 2].map(async () => join(basis, await request(joinToken), now + minute)),
    );
    assert.deepEqual([second?.generation, third?.generation], [first.generation, first.generation]);
    assert.notEqual(second?.leaf.serial, first.leaf.serial);
    assert.equal((await store.bots.find("gripper/1"))?.joinedAt, now);
    await refused(join(basis, await request(joinToken, await createKeyPair()), now), "JOIN_TOKEN_USED");
    await refused(join(basis, await request(joinToken), now + 15 * minute), "JOIN_TOKEN_USED");

    const lineage = await store.certificates.lineage("gripper/1");
    const certificate = await store.certificates.find(second?.leaf.serial ?? "");
    assert.ok(lineage && certificate);
    await markSeen(store, lineage, certificate);
    await refused(join(basis, await request(joinToken), now + 2 * minute), "JOIN_TOKEN_USED");
  });

  it("lets no key come again after its bot was retired or revoked, or has joined with another token", async () => {
    const keys = await createKeyPair();
    const csrOf = (name: string) => createCsr(keys, `spiffe://cafe/${name}`);
    const { joinToken } = await create("worker/*", undefined, 3);
    const enter = async (name: string) => join(basis, { joinToken, name, csr: await csrOf(name) }, now);
    await enter("worker/1");
    await enter("worker/1");
    await retire(basis, "worker/1", now, "me");
    await refused(enter("worker/1"), "BOT_RETIRED", "PERMISSION_DENIED");
    await enter("worker/2");
    await join(basis, { joinToken: await token("worker/2"), csr: await csrOf("worker/2") }, now);
    await refused(enter("worker/2"), "JOIN_TOKEN_NAME_MISMATCH");
    await enter("worker/3");
    const revocation = { kind: "identity", subject: "spiffe://cafe/worker/3", revokedAt: now, reason: "" } as const;
    await basis.store.revocations.add({ ...revocation, trustVersion: 2 });
    await refused(enter("worker/3"), "IDENTITY_REVOKED");
  });

  it("answers no key again whose first certificate was revoked", async () => {
    const keys = await createKeyPair();
    const joinToken = await token();
    const request = async () => ({ joinToken, csr: await createCsr(keys, id) });
    const { leaf } = await join(basis, await request(), now);
    const revocation = { kind: "certificate", subject: leaf.serial, revokedAt: now, reason: "" } as const;
    await basis.store.revocations.add({ ...revocation, trustVersion: 2 });
    await refused(join(basis, await request(), now), "JOIN_TOKEN_USED");
  });

  it("signs nothing for another key than the one that has used the token", async () => {
    const joinToken = await token();
    await join(basis, { joinToken, csr: await csr() }, now);
    const ca = { ...basis.ca, issueLeaf: () => assert.fail("signed") };
    await refused(join({ ...basis, ca }, { joinToken, csr: await csr() }, now), "JOIN_TOKEN_USED");
  });

  it("does not ask the store for a name that it cannot hold", async () => {
    const { joinToken } = await create("worker/*", undefined, 3);
    for (const name of ["worker/\0", "\0", "worker/\ud800", "x".repeat(60_000)])
      await refused(join(basis, { joinToken, name, csr: await csr() }, now), "JOIN_TOKEN_NAME_MISMATCH");
  });

  it("gives no name of another holder of the same token for a changed name in its text", async () => {
    const { joinToken } = await create("worker/*", undefined, 3);
    const enter = async (text: string, name: string) =>
      join(basis, { joinToken: text, name, csr: await csr(`spiffe://cafe/${name}`) }, now);
    await enter(joinToken, "worker/1");
    const { certificateSerial } = (await basis.store.bots.find("worker/1")) ?? {};
    for (const forged of ["worker/1", "worker/**", "**"]) {
      await refused(enter(forge(joinToken, { name: forged }), "worker/1"), "JOIN_TOKEN_NAME_MISMATCH");
    }
    assert.equal((await basis.store.bots.find("worker/1"))?.certificateSerial, certificateSerial);
    await enter(joinToken, "worker/2");
    await enter(joinToken, "worker/3");
  });

  it("does not use a token up for a request that is refused", async () => {
    const joinToken = await token();
    await refused(
      join(basis, { joinToken, csr: await csr("spiffe://cafe/gripper/2") }, now),
      "CSR_REJECTED",
      "PERMISSION_DENIED",
    );
    await join(basis, { joinToken, csr: await csr() }, now);
  });

  it("makes no tokens for names that are none, or reserved, nor for too long", async () => {
    for (const name of [
      "",
      "a//b",
      "../a",
      "interlock/authority",
      "interlock",
      "interlock/*",
      "*",
      "**",
      "*/a",
      "x".repeat(256),
    ]) {
      await assert.rejects(create(name), { code: "INVALID_ARGUMENT" }, name);
    }
    for (const uses of [0, -1, 1.5, Number.NaN, 10_001]) {
      await assert.rejects(create("a", minute, uses), { code: "INVALID_ARGUMENT" }, String(uses));
    }
    for (const ttl of [0, -1, Number.NaN, 7 * 24 * 60 * minute + 1]) {
      await assert.rejects(create("a", ttl), { code: "INVALID_ARGUMENT" }, String(ttl));
    }
  });

  it("lets as many join with a token for a pattern as it has uses, each under a name of its own", async () => {
    const { joinToken } = await create("worker/*", undefined, 2);
    const enter = async (name: string, at = now) =>
      join(basis, { joinToken, name, csr: await csr(`spiffe://cafe/${name}`) }, at);
    for (const name of ["gripper/1", "worker", "worker/1/a", "worker/*", "worker/..", ""]) {
      await refused(enter(name), "JOIN_TOKEN_NAME_MISMATCH");
    }
    assert.deepEqual((await enter("worker/1")).leaf.uris, ["spiffe://cafe/worker/1"]);
    await refused(enter("worker/1"), "JOIN_TOKEN_NAME_MISMATCH");
    await enter("worker/2");
    await refused(enter("worker/3"), "JOIN_TOKEN_USED");
    await refused(enter("worker/3", now + 15 * minute), "JOIN_TOKEN_USED");
  });

  it("gives the name of a bot that can no longer come back to a token for a pattern, but never that of a retired or revoked one", async () => {
    const { joinToken } = await create("worker/*", 180 * minute, 9);
    const later = now + 80 * minute;
    const enter = async (name: string, at: number, given = joinToken) =>
      join(basis, { joinToken: given, name, csr: await csr(`spiffe://cafe/${name}`) }, at);
    for (const name of ["worker/1", "worker/2", "worker/3"]) await enter(name, now);
    await refused(enter("worker/1", later - 1), "JOIN_TOKEN_NAME_MISMATCH");
    await enter("worker/1", later);
    await retire(basis, "worker/2", now, "me");
    await refused(enter("worker/2", later), "JOIN_TOKEN_NAME_MISMATCH");
    const revocation = { kind: "pattern", subject: "*/3", revokedAt: now, reason: "", trustVersion: 2 } as const;
    await basis.store.revocations.add(revocation);
    await refused(enter("worker/3", later), "IDENTITY_REVOKED");
    await enter("worker/2", later, (await create("worker/2", 180 * minute)).joinToken);
    assert.equal((await basis.store.bots.find("worker/2"))?.retiredAt, null, "asked back by its name");
  });

  it("gives a retired bot no certificate, and takes its invitations back", async () => {
    await join(basis, { joinToken: await token(), csr: await csr() }, now);
    const joinToken = await token();
    assert.equal((await retire(basis, "gripper/1", now + 1, "me")).retiredAt, now + 1);
    assert.equal((await retire(basis, "gripper/1", now + 2, "me")).retiredAt, now + 1, "it is retired once");
    const me = spiffeId("cafe", "gripper/1");
    await refused(renew(basis, me, await csr(), now), "BOT_RETIRED", "PERMISSION_DENIED");
    await refused(join(basis, { joinToken, csr: await csr() }, now), "JOIN_TOKEN_INVALID");
    await assert.rejects(retire(basis, "gripper/9", now, "me"), { code: "NOT_FOUND" });
  });

  it("renews only a bot's own certificate", async () => {
    await join(basis, { joinToken: await token(), csr: await csr() }, now);
    const me = spiffeId("cafe", "gripper/1");
    const { leaf } = await renew(basis, me, await csr(), now + minute);
    const [bot] = await basis.store.bots.list();
    assert.deepEqual([bot?.certificateSerial, bot?.joinedAt], [leaf.serial, now]);
    const other = csr("spiffe://cafe/gripper/2");
    await refused(renew(basis, me, await other, now), "CSR_REJECTED", "PERMISSION_DENIED");
    const stranger = spiffeId("cafe", "gripper/2");
    await assert.rejects(renew(basis, stranger, await other, now), /join with a new join token/);
  });

  it("has its CA and its tokens again after a restart, and keeps the key to its owner", async () => {
    const joinToken = await token();
    const root = basis.ca.pinned;
    await basis.store.close();
    basis = await open();
    assert.deepEqual(basis.ca.pinned, root);
    await join(basis, { joinToken, csr: await csr() }, now);
  });

  it("never makes a new CA over one that is known", async () => {
    const { store } = basis;
    const vault = place.vault(store);
    for (const name of await vault.names()) await vault.remove(name);
    await assert.rejects(openTestCa(store, vault, now), /Restore it from your backup/);
  });
});
