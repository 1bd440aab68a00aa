import assert from "node:assert/strict";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { KeyUsageFlags } from "../testing/x509.js";
import { type PeerExpectation, verifyPeer } from "./verify-peer.js";

const id = "spiffe://test/caller/1";
const subject = "CN=above";
const signing = { subject, ca: true, keyUsage: KeyUsageFlags.keyCertSign, usages: [] };

describe("verifyPeer", () => {
  let root: TestCa;
  before(async () => {
    root = await createTestCa("root", 1);
  });

  const verify = (found: readonly Uint8Array[], more: Partial<PeerExpectation> = {}) => {
    const now = Date.now();
    return verifyPeer(found, { peer: "client", trustDomain: "test", now, caCertificates: [root.der], ...more });
  };

  async function below(uris: readonly string[]): Promise<readonly [Uint8Array, Uint8Array]> {
    const above = await root.issueRaw({ ...signing, uris });
    const leaf = await root.issueRaw({ uris: [id], signer: { name: subject, keys: above.keys } });
    return [leaf.der, above.der];
  }

  it("gives the identity, the leaf as it was read, and the proved chain", async () => {
    const found = await below(["spiffe://test"]);
    const peer = verify(found);
    assert.ok(typeof peer !== "string");
    assert.equal(peer.id.uri, id);
    assert.deepEqual(peer.certificate.der, found[0]);
    assert.deepEqual(peer.chain, [...found, root.der]);
  });

  it("refuses nothing at all, what cannot be read, and a leaf that is not good", async () => {
    assert.equal(verify([]), "NO_CERTIFICATE");
    assert.equal(verify([Uint8Array.of(1, 2)]), "CERTIFICATE_MALFORMED");
    assert.equal(verify(await below([]), { trustDomain: "other" }), "TRUST_DOMAIN_MISMATCH");
  });

  it("refuses a chain that leads to no CA, and one with an issuer of another trust domain", async () => {
    const found = await below(["spiffe://other"]);
    assert.equal(verify(found.slice(0, 1)), "CERTIFICATE_UNTRUSTED");
    assert.equal(verify(found, { caCertificates: [] }), "CERTIFICATE_UNTRUSTED");
    assert.equal(verify(found), "TRUST_DOMAIN_MISMATCH");
  });

  it("looks up revocation last, by identity and certificate", async () => {
    const found = await below([]);
    const asked: string[] = [];
    const revoked: PeerExpectation["revoked"] = (uri, { serial }) => {
      asked.push(uri, serial);
      return "IDENTITY_REVOKED";
    };
    assert.equal(verify(found, { revoked, caCertificates: [] }), "CERTIFICATE_UNTRUSTED");
    assert.deepEqual(asked, []);
    assert.equal(verify(found, { revoked }), "IDENTITY_REVOKED");
    assert.equal(asked[0], id);
  });
});
