import assert from "node:assert/strict";
import { createTestCa, type TestCa } from "../testing/test-ca.js";
import { KeyUsageFlags } from "../testing/x509.js";
import { maximumChainLength } from "./peer-chain.js";
import { maximumCertificateBytes, type PeerExpectation, verifyPeer } from "./verify-peer.js";

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

  it("believes a federated identity by the CAs of its own domain, and nothing else by them", async () => {
    const partner = await createTestCa("partner", 1);
    const domain = { trustDomain: "partner", caCertificates: [partner.der] };
    const federated = (uri: string) => (uri === "spiffe://partner/a" ? domain : undefined);
    const leafOf = async (ca: TestCa, uri: string) => [(await ca.issueRaw({ uris: [uri] })).der];
    const peer = verify(await leafOf(partner, "spiffe://partner/a"), { federated });
    assert.ok(typeof peer !== "string");
    assert.deepEqual(peer.id, { trustDomain: "partner", name: "spiffe://partner/a", uri: "spiffe://partner/a" });
    assert.equal(verify(await leafOf(partner, "spiffe://partner/a")), "TRUST_DOMAIN_MISMATCH", "not by default");
    assert.equal(verify(await leafOf(partner, "spiffe://partner/b"), { federated }), "TRUST_DOMAIN_MISMATCH");
    assert.equal(verify(await leafOf(partner, id), { federated }), "CERTIFICATE_UNTRUSTED");
    assert.equal(verify(await leafOf(root, "spiffe://partner/a"), { federated }), "CERTIFICATE_UNTRUSTED");
    const both = { federated, caCertificates: [root.der, partner.der] };
    assert.equal(verify(await leafOf(root, "spiffe://partner/a"), both), "CERTIFICATE_UNTRUSTED");
    // What is found for one domain is of no use for another one.
    const wrong = { federated: () => ({ ...domain, trustDomain: "third" }) };
    assert.equal(verify(await leafOf(partner, "spiffe://partner/a"), wrong), "TRUST_DOMAIN_MISMATCH");
    // An intermediate of the partner that names another domain speaks for none of its bots.
    const above = await partner.issueRaw({ ...signing, uris: ["spiffe://test"] });
    const below = await partner.issueRaw({ uris: ["spiffe://partner/a"], signer: { name: subject, keys: above.keys } });
    assert.equal(verify([below.der, above.der], { federated }), "TRUST_DOMAIN_MISMATCH");
  });

  it("refuses nothing at all, what cannot be read, and a leaf that is not good", async () => {
    assert.equal(verify([]), "NO_CERTIFICATE");
    assert.equal(verify([Uint8Array.of(1, 2)]), "CERTIFICATE_MALFORMED");
    assert.equal(verify(await below([]), { trustDomain: "other" }), "TRUST_DOMAIN_MISMATCH");
  });

  it("refuses a chain that is too long, and a certificate that is, before either is read", async () => {
    const [leaf = new Uint8Array(), above = new Uint8Array()] = await below(["spiffe://test"]);
    const long = [leaf, ...Array.from({ length: maximumChainLength - 1 }, () => above)];
    assert.notEqual(typeof verify(long), "string", "the last that is taken");
    assert.equal(verify([...long, above]), "CERTIFICATE_UNTRUSTED");
    assert.equal(verify([leaf, new Uint8Array(maximumCertificateBytes + 1)]), "CERTIFICATE_MALFORMED");
    assert.equal(verify([new Uint8Array(maximumCertificateBytes + 1)]), "CERTIFICATE_MALFORMED");
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
