import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { promisify } from "node:util";
import { bitsOf, listOf, readDer } from "./der.js";
import { createCsr, createKeyPair } from "./key-pair.js";
import { writeDer } from "./write-der.js";

const run = promisify(execFile);
const id = "spiffe://test/gripper/1";

describe("key pairs", () => {
  it("have their private key as PKCS #8, as anyone writes it", async () => {
    const { privateKeyPem } = await createKeyPair();
    assert.equal(privateKeyPem, createPrivateKey(privateKeyPem).export({ type: "pkcs8", format: "pem" }));
  });
});

describe("certificate requests", () => {
  it("ask for one name, for a key that has signed them", async () => {
    const keys = await createKeyPair();
    const csr = await createCsr(keys, id);
    const [info, algorithm, signature] = listOf(readDer(csr));
    assert.ok(info && algorithm && signature);
    const [version, subject, spki, attributes] = listOf(info);
    assert.ok(version && subject && spki && attributes);
    assert.deepEqual([[...version.content], subject.content.length], [[0], 0]);
    const publicKey = createPublicKey(keys.privateKeyPem);
    assert.deepEqual(writeDer(spki.tag, spki.content), publicKey.export({ type: "spki", format: "der" }));
    assert.ok(verify("sha256", writeDer(info.tag, info.content), publicKey, bitsOf(signature)));
    assert.ok(Buffer.from(attributes.content).includes(id));
  });

  it("satisfy OpenSSL, and say to it what they are to say", async function () {
    if (!(await run("openssl", ["version"]).catch(() => undefined))) this.skip();
    const csr = await createCsr(await createKeyPair(), id);
    const asked = run("openssl", ["req", "-inform", "DER", "-verify", "-noout", "-text"]);
    asked.child.stdin?.end(csr);
    const { stdout, stderr } = await asked;
    assert.match(stdout + stderr, /verify OK/);
    assert.match(stdout, /Version: 1 \(0x0\)\n\s+Subject: *\n/);
    assert.match(
      stdout,
      /Requested Extensions:\s+X509v3 Subject Alternative Name: *\n\s+URI:spiffe:\/\/test\/gripper\/1\n/,
    );
    assert.match(stdout, /Signature Algorithm: ecdsa-with-SHA256/);
  });
});
