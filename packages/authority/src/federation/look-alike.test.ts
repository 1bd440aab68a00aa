import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { createKeyPair } from "@interlock/bot";
import { createTestCa } from "@interlock/bot/testing";
import { createRoot } from "../ca/ca.js";
import { SubjectKeyIdentifierExtension, X509Certificate, X509CertificateGenerator } from "../ca/x509.js";
import { findLookAlike } from "./look-alike.js";

const looksAlike = (one: Uint8Array, other: Uint8Array) => findLookAlike([one], [other]) !== undefined;

describe("a CA certificate that looks like another one", () => {
  it("has its name, and no other identifier of its key", async () => {
    // Those of tests have no identifier.
    const [one, same, other] = [
      await createTestCa("Our CA"),
      await createTestCa("OUR  ca"),
      await createTestCa("Their CA"),
    ];
    assert.equal(looksAlike(one.der, same.der), true);
    assert.equal(looksAlike(one.der, other.der), false);
    // TLS leaves out the spaces around a value.
    assert.equal(looksAlike(one.der, (await createTestCa(" Our CA ")).der), true);
    assert.equal(looksAlike(one.der, one.der), false, "the same one");
  });

  it("is none with the key of another one", async () => {
    const [key, next] = [await createKeyPair(), await createKeyPair()];
    const [now, root] = [Date.now(), await createRoot(key.privateKeyPem, "cafe", Date.now())];
    const renewed = await createRoot(key.privateKeyPem, "partner", now + 1);
    assert.equal(looksAlike(root, renewed), true, "the same name and the same key");
    assert.equal(looksAlike(root, await createRoot(next.privateKeyPem, "cafe", now)), false);
    // Whatever its name is: an identifier has one spelling.
    const { publicKey } = new X509Certificate(Uint8Array.from(root));
    const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const forged = await X509CertificateGenerator.create({
      subject: "CN=Other",
      issuer: "CN=Other",
      publicKey: keys.publicKey,
      signingKey: keys.privateKey,
      extensions: [await SubjectKeyIdentifierExtension.create(publicKey)],
    });
    assert.equal(looksAlike(new Uint8Array(forged.rawData), root), true);
  });
});
