import assert from "node:assert/strict";
import { X509Certificate as NodeCertificate, webcrypto } from "node:crypto";
import { createKeyPair } from "@interlock/bot";
import { checkCertificate, parseCertificate } from "@interlock/bot/internal";
import { createCa, createIntermediate, createRoot } from "./ca.js";
import { backdateMs, intermediateLifetimeMs, rootLifetimeMs } from "./certificate-template.js";
import { nameConstraintsId } from "./name-constraints.js";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from "./x509.js";

const now = Date.UTC(2030, 0, 1);
const hour = 3_600_000;
const id = "spiffe://cafe/gripper/1";

const publicKey = async () =>
  new Uint8Array(await webcrypto.subtle.exportKey("spki", (await createKeyPair()).publicKey));

async function leafAt(time: number, ttlMs = hour, intermediateAt = now) {
  const rootKey = (await createKeyPair()).privateKeyPem;
  const root = await createRoot(rootKey, "cafe", now);
  const keys = await createKeyPair();
  const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey));
  const signer = { certificate: root, privateKeyPem: rootKey };
  const intermediate = await createIntermediate(signer, spki, "cafe", intermediateAt);
  const ca = await createCa([intermediate, root], keys.privateKeyPem, () => ttlMs);
  const [leaf, ...above] = await ca.issueLeaf(id, await publicKey(), time);
  assert.ok(leaf);
  assert.deepEqual(above, [intermediate]);
  return { root, rootKey, intermediate, ca, leaf };
}

function facts(der: Uint8Array) {
  const parsed = new X509Certificate(der);
  const basic = parsed.getExtension(BasicConstraintsExtension);
  return {
    basic: [basic?.ca, basic?.pathLength, basic?.critical],
    usage: parsed.getExtension(KeyUsagesExtension)?.usages,
    subjectKey: parsed.getExtension(SubjectKeyIdentifierExtension)?.keyId,
    issuerKey: parsed.getExtension(AuthorityKeyIdentifierExtension)?.keyId,
    constraints: parsed.extensions.find(({ type }) => type === nameConstraintsId)?.critical,
  };
}

describe("ca", () => {
  it("makes a root for one intermediate, and an intermediate for leaves and nothing deeper", async () => {
    const { root, intermediate, leaf } = await leafAt(now);
    const signs = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
    const above = facts(root);
    assert.deepEqual([above.basic, above.usage, above.constraints], [[true, 1, true], signs, true]);
    const below = facts(intermediate);
    assert.deepEqual([below.basic, below.usage, below.constraints], [[true, 0, true], signs, true]);
    assert.deepEqual([below.issuerKey, facts(leaf).issuerKey], [above.subjectKey, below.subjectKey]);
    assert.deepEqual(parseCertificate(root).uris, ["spiffe://cafe"]);
    assert.deepEqual(parseCertificate(intermediate).uris, ["spiffe://cafe"]);
    const [a, b] = [new X509Certificate(root), new X509Certificate(intermediate)];
    assert.notEqual(a.subject, b.subject);
    assert.equal(a.notAfter.getTime(), now + rootLifetimeMs);
    assert.equal(b.notAfter.getTime(), now + intermediateLifetimeMs);
  });

  it("makes a leaf that TLS accepts and that says what it should", async () => {
    const { root, intermediate, leaf } = await leafAt(now + 5_000);
    const node = new NodeCertificate(leaf);
    for (const [below, above] of [
      [leaf, intermediate],
      [intermediate, root],
    ] as const) {
      const issuer = new NodeCertificate(above);
      assert.ok(new NodeCertificate(below).verify(issuer.publicKey));
      assert.ok(new NodeCertificate(below).checkIssued(issuer));
    }
    const certificate = parseCertificate(leaf);
    assert.deepEqual(certificate.uris, [id]);
    assert.equal(node.subjectAltName, `URI:${id}, DNS:gripper--1.cafe.interlock.invalid`);
    assert.deepEqual([certificate.isCa, certificate.maySign], [false, false]);
    assert.deepEqual([...certificate.usages], ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
    assert.equal(certificate.notBefore, now + 5_000 - backdateMs);
    assert.equal(certificate.notAfter, now + 5_000 + hour);
  });

  it("gives every certificate a serial number of its own, of 126 random bits", async () => {
    const made = await Promise.all([1, 2, 3].map(() => leafAt(now)));
    const serials = made.flatMap(({ root, intermediate, leaf }) =>
      [root, intermediate, leaf].map((der) => parseCertificate(der).serial),
    );
    assert.equal(new Set(serials).size, 9);
    for (const serial of serials) assert.match(serial, /^[4-7][0-9a-f]{31}$/);
  });

  it("lets no certificate outlive its issuer, nor be valid before it", async () => {
    assert.equal(parseCertificate((await leafAt(now - hour)).leaf).notBefore, now - backdateMs);
    const endOfIntermediate = now + intermediateLifetimeMs;
    assert.equal(parseCertificate((await leafAt(endOfIntermediate - 1_000)).leaf).notAfter, endOfIntermediate);
    const endOfRoot = now + rootLifetimeMs;
    const last = await leafAt(endOfRoot - 1_000, hour, endOfRoot - hour);
    assert.equal(parseCertificate(last.intermediate).notAfter, endOfRoot);
    assert.equal(parseCertificate(last.leaf).notAfter, endOfRoot);
    assert.equal(last.ca.notAfter, endOfRoot);
  });

  it("is believed by clocks that are late by what it is backdated, and by none that are later, or early", async () => {
    const leaf = parseCertificate((await leafAt(now + hour)).leaf);
    const at = (time: number) => checkCertificate(leaf, { peer: "client", trustDomain: "cafe", now: time });
    const issued = now + hour;
    assert.equal(typeof at(issued - backdateMs), "object");
    assert.equal(at(issued - backdateMs - 1), "CERTIFICATE_NOT_YET_VALID");
    assert.equal(typeof at(issued + hour - 1), "object");
    assert.equal(at(issued + hour), "CERTIFICATE_EXPIRED");
  });

  it("refuses a private key that is not the certificate's", async () => {
    const { root, rootKey, intermediate } = await leafAt(now);
    const another = (await createKeyPair()).privateKeyPem;
    await assert.rejects(
      createCa([intermediate, root], rootKey, () => hour),
      /does not match/,
    );
    const signer = { certificate: root, privateKeyPem: another };
    await assert.rejects(createIntermediate(signer, await publicKey(), "cafe", now), /does not match/);
  });
});
