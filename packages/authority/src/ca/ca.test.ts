import assert from "node:assert/strict";
import { X509Certificate as NodeCertificate, webcrypto } from "node:crypto";
import { createKeyPair, parseCertificate } from "@interlock/bot";
import { createCa, createRoot } from "./ca.js";
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509Certificate } from "./x509.js";

const now = Date.UTC(2030, 0, 1);
const hour = 3_600_000;
const id = "spiffe://cafe/gripper/1";

async function leafAt(time: number, ttlMs = hour) {
  const { privateKeyPem } = await createKeyPair();
  const root = await createRoot(privateKeyPem, "cafe", now);
  const ca = await createCa(root, privateKeyPem, ttlMs);
  const spki = await webcrypto.subtle.exportKey("spki", (await createKeyPair()).publicKey);
  const [leaf] = await ca.issueLeaf(id, new Uint8Array(spki), time);
  assert.ok(leaf);
  return { root, ca, leaf };
}

describe("ca", () => {
  it("makes a root that signs leaves and nothing deeper", async () => {
    const { root, ca } = await leafAt(now);
    const parsed = new X509Certificate(root);
    const basic = parsed.getExtension(BasicConstraintsExtension);
    assert.deepEqual([basic?.ca, basic?.pathLength, basic?.critical], [true, 0, true]);
    const usage = parsed.getExtension(KeyUsagesExtension)?.usages;
    assert.equal(usage, KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign);
    assert.equal(ca.notAfter, now + 3650 * 24 * hour);
    assert.deepEqual(parseCertificate(root).uris, ["spiffe://cafe"]);
  });

  it("makes a leaf that TLS accepts and that says what it should", async () => {
    const { root, leaf } = await leafAt(now + 5_000);
    const node = new NodeCertificate(leaf);
    assert.ok(node.verify(new NodeCertificate(root).publicKey));
    assert.ok(node.checkIssued(new NodeCertificate(root)));
    const certificate = parseCertificate(leaf);
    assert.deepEqual(certificate.uris, [id]);
    assert.equal(node.subjectAltName, `URI:${id}`);
    assert.deepEqual([certificate.isCa, certificate.maySign], [false, false]);
    assert.deepEqual([...certificate.usages], ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
    assert.match(certificate.serial, /^[4-7][0-9a-f]{31}$/);
    assert.equal(certificate.notBefore, now + 5_000 - 30_000);
    assert.equal(certificate.notAfter, now + 5_000 + hour);
  });

  it("gives no two leaves the same serial number", async () => {
    const serials = await Promise.all([1, 2, 3].map(async () => parseCertificate((await leafAt(now)).leaf).serial));
    assert.equal(new Set(serials).size, 3);
  });

  it("keeps a leaf within the validity of its root", async () => {
    const early = parseCertificate((await leafAt(now - hour)).leaf);
    assert.equal(early.notBefore, now - 30_000);
    const end = now + 3650 * 24 * hour;
    assert.equal(parseCertificate((await leafAt(end - 1_000)).leaf).notAfter, end);
  });

  it("refuses a private key that is not the root's", async () => {
    const { root } = await leafAt(now);
    await assert.rejects(createCa(root, (await createKeyPair()).privateKeyPem, hour), /not the one/);
  });
});
