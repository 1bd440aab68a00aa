import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { certificatesToPem, createKeyPair, type Log } from "@interlock/bot";
import { caDigest, parseCertificate } from "@interlock/bot/internal";
import { createKeyVault, type KeyVault } from "../key-vault/key-vault.js";
import type { Store } from "../store/store.js";
import { keysInMemory } from "../testing/open-test-ca.js";
import { describeOnEach, type TestStore } from "../testing/test-store.js";
import { createRoot } from "./ca.js";
import type { CaBasis } from "./ca-basis.js";
import { rootKeyName } from "./ca-keys.js";
import { activeRoot, rootsOf } from "./ca-schedule.js";
import { caStatuses } from "./ca-status.js";
import { type CertificateAuthority, openCertificateAuthority } from "./certificate-authority.js";
import { intermediateLifetimeMs, rootLifetimeMs } from "./certificate-template.js";
import { digestOf, rowOf } from "./grow-ca.js";
import { importIntermediate, requestIntermediate } from "./import-ca.js";
import { signIntermediateRequest } from "./intermediate-request.js";
import { createCaKeeper } from "./keep-ca.js";
import { activateCa, prepareCa, withdrawCa } from "./rotate-ca.js";
import { BasicConstraintsExtension, X509Certificate } from "./x509.js";

const day = 24 * 3_600_000;
const hour = 3_600_000;
const minute = 60_000;
const start = Date.UTC(2030, 0, 1);
const by = "spiffe://cafe/operator/alice";
const id = "spiffe://cafe/gripper/1";

describeOnEach("the CA of a fleet", (create) => {
  let place: TestStore;
  let store: Store;
  let keys: KeyVault;
  let now: number;
  let warned: string[];
  let basis: CaBasis;

  beforeEach(async () => {
    place = await create();
    store = await place.open();
    keys = place.vault(store);
    now = start;
    warned = [];
    await store.fleet.create("cafe", now);
    const log: Log = { info() {}, error() {}, warn: (message) => void warned.push(message) };
    const self = "spiffe://cafe/interlock/authority";
    basis = {
      store,
      keys,
      trustDomain: "cafe",
      leafTtl: { leafTtlMs: hour, leafTtlsMs: {} },
      clock: { now: () => now },
      log,
      self,
    };
  });
  afterEach(async () => {
    await store.close();
    await place.remove();
  });

  const leafKey = async () =>
    new Uint8Array(await webcrypto.subtle.exportKey("spki", (await createKeyPair()).publicKey));
  const issue = async (ca: CertificateAuthority) => ca.issueLeaf(id, await leafKey(), now);
  /** Issues a leaf and has it on record, as enrollment does. */
  async function issueOnRecord(ca: CertificateAuthority): Promise<string> {
    const { chain, root } = await issue(ca);
    const { serial, notAfter } = parseCertificate(chain[0] as Uint8Array);
    await store.certificates.add({
      serial,
      name: "gripper/1",
      generation: 1,
      issuedAt: now,
      expiresAt: notAfter,
      root,
    });
    return root;
  }
  const order = (more: { id?: string; force?: boolean } = {}) => ({ id: "", force: false, by, ...more });
  const states = async () => (await caStatuses(basis)).map(({ state }) => state);
  const takeRootKeyAway = async (digest: string) => {
    const text = (await keys.read(rootKeyName(digest))) ?? "";
    await keys.remove(rootKeyName(digest));
    return text;
  };

  it("is made at the first start, and does without the root's key from then on", async () => {
    const ca = await openCertificateAuthority(basis);
    const { chain, root } = await issue(ca);
    assert.equal(chain.length, 2);
    assert.equal(root, digestOf(ca.pinned));
    assert.equal((await keys.names()).length, 2);
    await takeRootKeyAway(root);
    const again = await openCertificateAuthority(basis);
    assert.deepEqual(again.pinned, ca.pinned);
    assert.deepEqual((await issue(again)).chain[1], chain[1], "the same intermediate signs");
    assert.equal((await caStatuses(basis))[0]?.rootKeyAtHand, false);
    assert.equal((await store.fleet.get())?.trustVersion, 1, "the first one needs no update");
  });

  it("creates another intermediate if the root's key is available, and says what is missing otherwise", async () => {
    const { root, chain } = await issue(await openCertificateAuthority(basis));
    const [name = ""] = (await keys.names()).filter((known) => !known.startsWith("ca-root-"));
    await keys.remove(name);
    const again = await issue(await openCertificateAuthority(basis));
    assert.equal(again.root, root);
    assert.notDeepEqual(again.chain[1], chain[1]);
    for (const known of await keys.names()) await keys.remove(known);
    await assert.rejects(openCertificateAuthority(basis), /ca-.*\.key.* is missing. Restore it from your backup/);
  });

  it("takes over a root from before there were intermediates: it signs on, and its successor is prepared", async () => {
    const { privateKeyPem } = await createKeyPair();
    const { X509CertificateGenerator, PublicKey } = await import("./x509.js");
    const old = await createRoot(privateKeyPem, "cafe", now);
    // As the first release made it: no CA certificate below it.
    const parsed = new X509Certificate(old);
    const key = await webcrypto.subtle.importKey(
      "pkcs8",
      Buffer.from(privateKeyPem.replace(/-----.*-----|\n/g, ""), "base64"),
      { name: "ECDSA", namedCurve: "P-256" },
      false,
      ["sign"],
    );
    const certificate = await X509CertificateGenerator.create({
      serialNumber: "4f",
      subject: parsed.subject,
      issuer: parsed.subject,
      notBefore: parsed.notBefore,
      notAfter: parsed.notAfter,
      publicKey: new PublicKey(parsed.publicKey.rawData),
      signingKey: key,
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        ...parsed.extensions.filter((extension) => !(extension instanceof BasicConstraintsExtension)),
      ],
    });
    const der = new Uint8Array(certificate.rawData);
    const digest = digestOf(der);
    await keys.write("ca.key", privateKeyPem);
    await store.caCertificates.add({ ...rowOf(der, digest, now), keyName: "ca.key", activatedAt: now });

    const ca = await openCertificateAuthority(basis);
    const issued = await issue(ca);
    assert.deepEqual([issued.chain.length, issued.root], [1, digest]);
    assert.deepEqual(await states(), ["active", "prepared"]);
    assert.match((await caStatuses(basis))[0]?.warnings.join() ?? "", /signs leaves itself.*activate/);
    assert.match(warned.join(), /its successor is prepared/);
    await openCertificateAuthority(basis);
    assert.equal((await states()).length, 2, "once is enough");

    now += minute + 1;
    await activateCa(basis, order(), minute);
    await ca.reload();
    const next = await issue(ca);
    assert.deepEqual([next.chain.length, next.root === digest], [2, false]);
    assert.deepEqual(ca.pinned, der, "a bot that was away knows only the old one");
  });

  it("is rotated: published first, then signing, and withdrawn once nothing valid is below the old root", async () => {
    const ca = await openCertificateAuthority(basis);
    const old = await issueOnRecord(ca);
    now += 1;
    const { digest } = await prepareCa(basis, by);
    await ca.reload();
    assert.deepEqual(await states(), ["active", "prepared"]);
    assert.equal((await issue(ca)).root, old, "nothing is signed below it yet");
    await assert.rejects(prepareCa(basis, by), { code: "FAILED_PRECONDITION" });
    now += minute - 1;
    await assert.rejects(activateCa(basis, order(), minute), /may not have received it yet/);
    now += 1;
    await activateCa(basis, order({ id: Buffer.from(digest, "base64url").toString("hex").slice(0, 12) }), minute);
    await ca.reload();
    assert.deepEqual(await states(), ["retiring", "active"]);
    assert.equal((await issue(ca)).root, digest);
    const own = await ca.issueOwn("spiffe://cafe/interlock/authority", await leafKey(), now);
    assert.deepEqual([own.root, digestOf(ca.pinned)], [old, old]);

    await assert.rejects(withdrawCa(basis, order()), /1 certificate below it is still valid/);
    await assert.rejects(
      withdrawCa(basis, order({ id: caDigestHex(digest) })),
      /is active. Prepare and activate another/,
    );
    now += hour - minute;
    await (await withdrawCa(basis, order())).forgetKeys();
    await ca.reload();
    assert.equal(digestOf(ca.pinned), digest);
    assert.deepEqual(await states(), ["active"]);
    assert.equal((await keys.names()).length, 2, "the keys of the old one are gone");
    const told = (await store.auditLog.list(0, 10)).map(({ kind, actor, details }) => [
      kind,
      actor,
      JSON.parse(details).done,
    ]);
    assert.deepEqual(told, [
      ["ca", basis.self, "made"],
      ["ca", by, "prepared"],
      ["ca", by, "activated"],
      ["ca", by, "withdrawn"],
    ]);
    assert.equal((await store.fleet.get())?.trustVersion, 4);
  });

  it("is withdrawn by force while certificates below it are valid, and the record says so", async () => {
    const ca = await openCertificateAuthority(basis);
    const old = await issueOnRecord(ca);
    await prepareCa(basis, by);
    await activateCa(basis, order({ force: true }), minute);
    await withdrawCa(basis, order({ force: true }));
    await ca.reload();
    assert.notEqual(digestOf(ca.pinned), old);
    const last = (await store.auditLog.list(0, 10)).at(-1);
    assert.deepEqual(JSON.parse(last?.details ?? ""), { done: "withdrawn", forced: true, validLeaves: 1 });
  });

  it("follows what another replica has done", async () => {
    const ca = await openCertificateAuthority(basis);
    const other = await openCertificateAuthority(basis);
    const { digest } = await prepareCa(basis, by);
    await activateCa(basis, order({ force: true }), minute);
    assert.notEqual((await issue(other)).root, digest);
    await other.reload();
    assert.equal((await issue(other)).root, digest);
    assert.equal(rootsOf(ca.rows).length, 1);
  });

  it("makes one root where two replicas start at once", async () => {
    const cas = await Promise.all([openCertificateAuthority(basis), openCertificateAuthority(basis)]);
    const [a, b] = cas.map(({ pinned }) => digestOf(pinned));
    assert.equal(a, b);
    assert.equal((await keys.names()).length, 2, "nothing is left of the other");
  });

  it("renews its intermediate in time if the root's key is available, and forgets the old key", async () => {
    const ca = await openCertificateAuthority(basis);
    const told: number[] = [];
    const keep = createCaKeeper(basis, (warnings) => told.push(warnings.length));
    const before = (await issue(ca)).chain[1];
    now = start + intermediateLifetimeMs - 30 * day - 1;
    assert.equal(await keep(), false);
    now += 1;
    assert.equal(await keep(), true);
    await ca.reload();
    const renewed = (await issue(ca)).chain[1] as Uint8Array;
    assert.notDeepEqual(renewed, before);
    assert.equal(parseCertificate(renewed).notAfter, now + intermediateLifetimeMs);
    assert.equal((await keys.names()).length, 3);
    assert.equal(await keep(), false);
    now += hour;
    await keep();
    assert.equal((await keys.names()).length, 2);
    assert.deepEqual([warned, told.every((warnings) => warnings === 0)], [[], true]);
  });

  it("warns of an intermediate that cannot be renewed, and takes one that was signed where the root is", async () => {
    const ca = await openCertificateAuthority(basis);
    const told: number[] = [];
    const keep = createCaKeeper(basis, (warnings) => told.push(warnings.length));
    const { root, chain } = await issue(ca);
    const rootPem = await takeRootKeyAway(root);
    now = start + intermediateLifetimeMs - 30 * day;
    assert.equal(await keep(), false);
    assert.match(warned.join("\n"), /expires at 2030-04-01.*the root's key is offline.*"interlock ca csr"/);
    await keep();
    now += hour;
    await keep();
    assert.equal(warned.length, 1, "once a day is enough");
    assert.deepEqual(told, [1, 1], "the health service says so all the time");
    now += day;
    await keep();
    assert.equal(warned.length, 2);

    const requestPem = await requestIntermediate(basis);
    const chainPem = await signIntermediateRequest({ rootPem, requestPem, now });
    await importIntermediate(basis, { chainPem, privateKeyPem: "", by });
    await ca.reload();
    const after = await issue(ca);
    assert.equal(after.root, root);
    assert.notDeepEqual(after.chain[1], chain[1]);
    assert.deepEqual((await caStatuses(basis))[0]?.warnings, []);
    now += hour;
    await keep();
    assert.equal(told.at(-1), 0);
    await assert.rejects(importIntermediate(basis, { chainPem, privateKeyPem: "", by }), /No key waits/);
  });

  it("warns in time of a root that wants a successor", async () => {
    await openCertificateAuthority(basis);
    now = start + rootLifetimeMs - 365 * day;
    assert.match((await caStatuses(basis))[0]?.warnings[0] ?? "", /The root expires.*"interlock ca prepare"/);
  });

  it("prepares an intermediate of another root, and signs with it once it is activated", async () => {
    const ca = await openCertificateAuthority(basis);
    const there = { ...basis, keys: createKeyVault(keysInMemory()) };
    const { privateKeyPem } = await createKeyPair();
    const root = await createRoot(privateKeyPem, "cafe", now);
    const requestPem = await requestIntermediate(there);
    const rootPem = privateKeyPem + certificatesToPem([root]);
    const chainPem = await signIntermediateRequest({ rootPem, requestPem, now });
    const key = (await there.keys.read("ca-request.key")) as string;
    await importIntermediate(basis, { chainPem, privateKeyPem: key, by });
    await ca.reload();
    assert.deepEqual(await states(), ["active", "prepared"]);
    await activateCa(basis, order({ force: true }), minute);
    await ca.reload();
    assert.equal((await issue(ca)).root, Buffer.from(caDigest(root)).toString("base64url"));
    assert.equal(activeRoot(rootsOf(ca.rows))?.keyName, "");
  });
});

function caDigestHex(digest: string): string {
  return Buffer.from(digest, "base64url").toString("hex");
}
