import assert from "node:assert/strict";
import { createCsr, createKeyPair, type Identity, InterlockError, type Reason } from "@interlock/bot";
import type { MutableTrust } from "@interlock/bot/internal";
import { createIdentity, createTrust, proveRecovery } from "@interlock/bot/internal";
import { spiffeId } from "@interlock/policy";
import { createJoinToken } from "../join-tokens/create-join-token.js";
import { prune } from "../prune.js";
import { openTestCa } from "../testing/open-test-ca.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { join } from "./join.js";
import { type RecoveryBasis, recover, verifyRecovering } from "./recover.js";
import { renew } from "./renew.js";
import { retire } from "./retire.js";

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2030, 0, 1);
const authority = "spiffe://cafe/interlock/authority";

describeOnEach("recovery after a certificate has expired", (createStore) => {
  let place: TestStore;
  let basis: RecoveryBasis;
  let trust: MutableTrust;

  beforeEach(async () => {
    place = await createStore();
    const store = await place.open();
    const ca = await openTestCa(store, place.vault(store), start);
    trust = createTrust({
      version: 1n,
      trustDomain: "cafe",
      issuer: authority,
      caCertificates: [ca.pinned],
      jwks: { keys: [] },
      revocations: [],
      staleAfterMs: 60_000,
    });
    basis = { store, ca, trustDomain: "cafe", hub: { trust }, renewAfterExpiryMs: 30 * day };
  });
  afterEach(async () => {
    await basis.store.close();
    await place.remove();
  });

  async function enter(name = "robot/1", at = start): Promise<Identity> {
    const { joinToken } = await createJoinToken({ ...basis, caDigest: digest(), name, now: at, by: "me" });
    const keys = await createKeyPair();
    const { chain } = await join(basis, { joinToken, csr: await createCsr(keys, `spiffe://cafe/${name}`) }, at);
    return createIdentity(keys.privateKeyPem, chain);
  }
  const digest = () => new Uint8Array(32);

  async function renewOver(identity: Identity, at: number): Promise<Identity> {
    const keys = await createKeyPair();
    const csr = await createCsr(keys, identity.spiffeId.uri);
    const holder = { spiffeId: identity.spiffeId, certificate: identity.leaf };
    return createIdentity(keys.privateKeyPem, (await renew(basis, holder, csr, at)).chain);
  }

  interface Change {
    readonly identity?: Identity;
    readonly csrFor?: string;
    readonly challenge?: Uint8Array | undefined;
    readonly signedFor?: Partial<Parameters<typeof proveRecovery>[0]>;
    readonly privateKey?: string;
  }

  async function comeBack(identity: Identity, at: number, change: Change = {}): Promise<Identity> {
    const keys = await createKeyPair();
    const csr = await createCsr(keys, change.csrFor ?? identity.spiffeId.uri);
    const challenge = "challenge" in change ? change.challenge : Buffer.alloc(32, 7);
    const leaf = identity.chain[0] as Uint8Array;
    const signed = { challenge: challenge ?? Buffer.alloc(32), leaf, csr, authority, ...change.signedFor };
    const proof = proveRecovery(signed, change.privateKey ?? identity.privateKey);
    const recovering = verifyRecovering(basis, { chain: identity.chain, csr, proof, challenge }, at);
    const { chain } = await recover(basis, recovering, csr, at);
    return createIdentity(keys.privateKeyPem, chain);
  }

  const refused = (work: Promise<unknown>, reason: Reason, message = /./) =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof InterlockError);
      assert.equal(error.reason, reason, error.message);
      assert.match(error.message, message);
      return true;
    });
  const kinds = async () =>
    (await basis.store.auditLog.list(0, 99)).map(({ kind }) => kind).filter((kind) => kind !== "ca");

  for (const name of ["robot/1", "operator/alice"]) {
    it(`lets ${name} come back after 8 hours and after 29 days, and not after 31`, async () => {
      const first = await enter(name);
      const second = await comeBack(first, start + hour + 8 * hour);
      assert.equal(second.spiffeId.name, name);
      const third = await comeBack(second, second.leaf.notAfter + 29 * day);
      const end = third.leaf.notAfter + 30 * day;
      await refused(comeBack(third, end), "CERTIFICATE_EXPIRED", new RegExp(`interlock invite ${name}`));
      await refused(comeBack(third, third.leaf.notAfter + 31 * day), "CERTIFICATE_EXPIRED", /720 hours/);
      await comeBack(third, end - 1);
      assert.deepEqual(await kinds(), ["invite", "join", "recover", "recover", "recover"]);
      const [bot] = await basis.store.bots.list();
      assert.equal(bot?.certificateExpiresAt, Math.floor((end - 1 + hour) / 1_000) * 1_000);
    });
  }

  it("recovers after old records have been pruned, and with a clock that is ahead", async () => {
    let identity = await enter();
    for (let i = 1; i < 5; i++) identity = await renewOver(identity, start + i * 30 * 60_000);
    identity = await comeBack(identity, identity.leaf.notAfter - 1);
    const later = identity.leaf.notAfter + 20 * day;
    const options = {
      now: later,
      retentionMs: 400 * day,
      renewAfterExpiryMs: 30 * day,
      trustDomain: "cafe",
      actor: "me",
    };
    await basis.store.transaction((records) => prune(records, options));
    await comeBack(identity, later);
  });

  it("is switched off by a window of 0", async () => {
    const identity = await enter();
    basis = { ...basis, renewAfterExpiryMs: 0 };
    await refused(comeBack(identity, start + 2 * hour), "CERTIFICATE_EXPIRED", /renews no expired certificates/);
  });

  it("refuses a revoked bot, certificate and pattern, and a retired bot", async () => {
    const later = start + 8 * hour;
    const identity = await enter();
    const { store } = basis;
    const revocation = { subject: identity.spiffeId.uri, revokedAt: start, reason: "", trustVersion: 2 };
    await store.revocations.add({ kind: "identity", ...revocation });
    await refused(comeBack(identity, later), "IDENTITY_REVOKED");
    const other = await enter("robot/2");
    await store.revocations.add({ ...revocation, kind: "pattern", subject: "*/2", trustVersion: 3 });
    await refused(comeBack(other, later), "IDENTITY_REVOKED");
    const third = await enter("robot/3");
    trust.replace({ ...trust.state, revocations: [{ kind: "certificate", subject: third.leaf.serial }] as never });
    await refused(comeBack(third, later), "CERTIFICATE_REVOKED", /interlock invite/);
    const fourth = await enter("robot/4");
    await retire(basis, "robot/4", start, "me");
    await refused(comeBack(fourth, later), "BOT_RETIRED");
  });

  it("refuses a certificate from before the bot joined again, on record or pruned, without an alarm", async () => {
    const before = await enter();
    await enter("robot/1", start + hour);
    await refused(comeBack(before, start + 2 * hour), "CERTIFICATE_SUPERSEDED");
    const options = {
      now: start + 9 * day,
      retentionMs: 400 * day,
      renewAfterExpiryMs: 30 * day,
      trustDomain: "cafe",
      actor: "",
    };
    await basis.store.transaction((records) => prune(records, options));
    assert.equal(await basis.store.certificates.find(before.leaf.serial), undefined);
    await refused(comeBack(before, start + 9 * day), "CERTIFICATE_SUPERSEDED", /interlock invite robot\/1/);
    assert.ok(!(await kinds()).includes("clone"));
  });

  for (const pruned of [false, true]) {
    it(`takes a copy of an older generation for a clone, ${pruned ? "pruned" : "on record"}, and revokes the bot`, async () => {
      const first = await enter();
      const copied = await renewOver(first, start + 20 * 60_000);
      const current = await renewOver(await renewOver(copied, start + 40 * 60_000), start + hour);
      const later = start + 5 * day;
      const options = {
        now: later,
        retentionMs: 400 * day,
        renewAfterExpiryMs: 30 * day,
        trustDomain: "cafe",
        actor: "",
      };
      if (pruned) await basis.store.transaction((records) => prune(records, options));
      assert.equal((await basis.store.certificates.find(copied.leaf.serial)) === undefined, pruned);
      await refused(comeBack(copied, later), "CLONE_DETECTED", /interlock invite robot\/1/);
      assert.ok((await kinds()).includes("clone"));
      await refused(comeBack(current, later), "IDENTITY_REVOKED");
    });
  }

  it("takes the copy that comes second for a clone, and answers again when its answer was lost", async () => {
    const identity = await enter();
    const later = start + 8 * hour;
    await comeBack(identity, later);
    const own = await comeBack(identity, later + 1); // The first answer was lost.
    await renewOver(own, later + 2);
    await refused(comeBack(identity, later + 3), "CLONE_DETECTED");
  });

  it("refuses a proof for another challenge, request, certificate or authority, and one of another key", async () => {
    const identity = await enter();
    const stranger = await createKeyPair();
    const later = start + 8 * hour;
    const changes: Change[] = [
      { challenge: undefined },
      { signedFor: { challenge: Buffer.alloc(32, 1) } },
      { signedFor: { csr: Buffer.from("another") } },
      { signedFor: { leaf: Buffer.from("another") } },
      { signedFor: { authority: "spiffe://bar/interlock/authority" } },
      { privateKey: stranger.privateKeyPem },
    ];
    for (const change of changes) await refused(comeBack(identity, later, change), "KEY_NOT_PROVED");
    await refused(comeBack(identity, later, { csrFor: "spiffe://cafe/robot/2" }), "CSR_REJECTED");
    assert.deepEqual(await kinds(), ["invite", "join"]);
    await comeBack(identity, later);
  });

  it("refuses a chain below a withdrawn root, garbage, no chain, and a bot that is forgotten", async () => {
    const identity = await enter();
    const later = start + 8 * hour;
    const empty = { ...identity, chain: [] as Uint8Array[] };
    const proof = new Uint8Array(70);
    const attempt = (chain: readonly Uint8Array[]) => async () =>
      verifyRecovering(basis, { chain, csr: proof, proof, challenge: Buffer.alloc(32) }, later);
    await refused(attempt(empty.chain)(), "NO_CERTIFICATE");
    await refused(attempt([Buffer.from("garbage")])(), "CERTIFICATE_MALFORMED");
    await refused(attempt(Array.from({ length: 9 }, () => identity.chain[0] as Uint8Array))(), "CERTIFICATE_UNTRUSTED");
    const { caCertificates } = trust.state;
    trust.replace({ ...trust.state, caCertificates: [] });
    await refused(comeBack(identity, later), "CERTIFICATE_UNTRUSTED", /interlock invite/);
    trust.replace({ ...trust.state, caCertificates });
    await basis.store.certificates.forgetLineage("robot/1");
    await assert.rejects(comeBack(identity, later), { code: "FAILED_PRECONDITION", message: /not on record/ });
  });

  it("adopts an expired certificate after a restore only if it is later than the one on record", async () => {
    const stolen = await enter();
    const joined = await enter("robot/1", start + hour); // Because of the theft.
    const copied = await renewOver(joined, start + 1.5 * hour);
    const current = await renewOver(await renewOver(copied, start + 2 * hour), start + 2.5 * hour);
    const later = start + 5 * day;
    const options = { retentionMs: 400 * day, renewAfterExpiryMs: 30 * day, trustDomain: "cafe", actor: "" };
    await basis.store.transaction((records) => prune(records, { ...options, now: later }));
    await basis.store.transaction((records) => records.certificates.adoptAll());
    for (const old of [stolen, copied]) {
      assert.equal(await basis.store.certificates.find(old.leaf.serial), undefined);
      await refused(comeBack(old, later), "CERTIFICATE_SUPERSEDED", /interlock invite robot\/1/);
    }
    assert.ok(!(await kinds()).includes("clone"));

    // One that the bot got between the backup and the restore.
    const keys = await createKeyPair();
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
    const { chain } = await basis.ca.issueLeaf(current.spiffeId.uri, spki, start + 3 * hour);
    await comeBack(createIdentity(keys.privateKeyPem, chain), later);
    await refused(comeBack(copied, later), "CLONE_DETECTED");
  });

  it("never gives the authority's own name", async () => {
    const keys = await createKeyPair();
    const { uri } = spiffeId("cafe", "interlock/authority");
    const { publicKey } = keys;
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
    const { chain } = await basis.ca.issueLeaf(uri, spki, start);
    const own = createIdentity(keys.privateKeyPem, chain);
    await assert.rejects(comeBack(own, start + 2 * hour), { code: "FAILED_PRECONDITION" });
  });
});
