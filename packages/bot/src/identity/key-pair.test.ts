import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify, webcrypto } from "node:crypto";
import { promisify } from "node:util";
import { bitsOf, listOf, readDer } from "./der.js";
import { createCsr, createKeyPair, readKeyPair } from "./key-pair.js";
import { writeDer } from "./write-der.js";

const run = promisify(execFile);
const id = "spiffe://test/gripper/1";

describe("key pairs", () => {
  it("have their private key as PKCS #8, as anyone writes it", async () => {
    const { privateKeyPem } = await createKeyPair();
    assert.equal(privateKeyPem, createPrivateKey(privateKeyPem).export({ type: "pkcs8", format: "pem" }));
  });

  it("are read from it, and can be written again", async () => {
    const made = await createKeyPair();
    const read = await readKeyPair(made.privateKeyPem);
    assert.equal(read.privateKeyPem, made.privateKeyPem);
    for (const { privateKey, publicKey } of [made, read]) {
      assert.deepEqual([privateKey.extractable, privateKey.usages], [true, ["sign"]]);
      assert.deepEqual([publicKey.extractable, publicKey.usages], [true, ["verify"]]);
    }
    const [algorithm, data] = [{ name: "ECDSA", hash: "SHA-256" }, Buffer.from("signed")] as const;
    const signature = await webcrypto.subtle.sign(algorithm, read.privateKey, data);
    assert.ok(await webcrypto.subtle.verify(algorithm, made.publicKey, signature, data));
    assert.ok(await webcrypto.subtle.verify(algorithm, read.publicKey, signature, data));
  });

  it("on another curve are not read", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    await assert.rejects(readKeyPair(privateKey.export({ type: "pkcs8", format: "pem" }) as string));
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
