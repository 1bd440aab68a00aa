import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { createKeyPair } from "@interlock/bot";
import { createTestCa } from "@interlock/bot/testing";
import { createRoot } from "../ca/ca.js";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "../ca/x509.js";
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

  it("is one whose name has its values in another order, as TLS compares them", async () => {
    const [one, other] = await Promise.all(["CN=A+OU=B", "OU=B+CN=A"].map((subject) => issue(subject)));
    assert.equal(looksAlike(other as Uint8Array, one as Uint8Array), true);
  });

  it("is one that TLS would take for the issuer of an intermediate which names no key", async () => {
    const [root, other] = [await keyPair(), await keyPair()];
    const known = await issue("CN=Root", { keys: root, identified: true });
    const below = await issue("CN=Intermediate", { issuer: "CN=Root", signer: root, identified: true });
    const naming = await issue("CN=Intermediate", { issuer: "CN=Root", signer: root, identified: true, naming: root });
    const mimic = await issue("CN=Root", { keys: other, identified: true });
    assert.notEqual(findLookAlike([mimic], [known, below]), undefined);
    assert.equal(findLookAlike([mimic], [known, naming]), undefined, "told apart by its key");
    assert.equal(findLookAlike([known], [known, below]), undefined, "the issuer itself");
  });
});

const keyPair = () => webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);

interface Issue {
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly issuer?: string;
  readonly signer?: webcrypto.CryptoKeyPair;
  /** Whether it has the identifier of its key. */
  readonly identified?: boolean;
  /** The key of its issuer, whose identifier it has. */
  readonly naming?: webcrypto.CryptoKeyPair;
}

/** Issues a CA certificate: DER. */
async function issue(subject: string, { keys, issuer = subject, signer, identified, naming }: Issue = {}) {
  const { publicKey, privateKey } = keys ?? (await keyPair());
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer,
    publicKey,
    signingKey: signer?.privateKey ?? privateKey,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      ...(identified ? [await SubjectKeyIdentifierExtension.create(publicKey)] : []),
      ...(naming ? [await AuthorityKeyIdentifierExtension.create(naming.publicKey)] : []),
    ],
  });
  return new Uint8Array(certificate.rawData);
}
