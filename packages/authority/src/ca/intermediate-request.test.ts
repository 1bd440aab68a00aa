import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { webcrypto } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { certificatesToPem, createKeyPair } from "@interlock/bot";
import { certificatesFromPem, parseCertificate } from "@interlock/bot/internal";
import { createCa, createRoot } from "./ca.js";
import { createIntermediateRequest, signIntermediateRequest } from "./intermediate-request.js";

const run = promisify(execFile);
const day = 24 * 3_600_000;

describe("a request for an intermediate", () => {
  const now = Date.now();

  async function signed(trustDomain = "cafe", requested = trustDomain) {
    const { privateKeyPem } = await createKeyPair();
    const rootPem = privateKeyPem + certificatesToPem([await createRoot(privateKeyPem, trustDomain, now)]);
    const keys = await createKeyPair();
    const requestPem = await createIntermediateRequest(keys.privateKeyPem, requested);
    return {
      keys,
      rootPem,
      requestPem,
      sign: (ttlMs?: number) => signIntermediateRequest({ rootPem, requestPem, now, ...(ttlMs && { ttlMs }) }),
    };
  }

  it("is signed with the root alone, for as long as is asked for", async () => {
    const { sign } = await signed();
    const [intermediate] = certificatesFromPem(await sign(7 * day));
    assert.equal(parseCertificate(intermediate as Uint8Array).notAfter, Math.floor((now + 7 * day) / 1_000) * 1_000);
  });

  it("of another trust domain is refused, and so is a root that cannot sign", async () => {
    const other = await signed("cafe", "bar");
    await assert.rejects(other.sign(), { reason: "CSR_REJECTED" });
    const { rootPem, requestPem } = await signed();
    const order = { rootPem, requestPem, now };
    await assert.rejects(signIntermediateRequest({ ...order, requestPem: "nothing" }), /no certificate request/);
    await assert.rejects(
      signIntermediateRequest({ ...order, rootPem: "nothing" }),
      /lacks the private key or the certificate/,
    );
    const mixed =
      other.rootPem.slice(0, other.rootPem.indexOf("-----BEGIN CERTIFICATE")) +
      rootPem.slice(rootPem.indexOf("-----BEGIN CERTIFICATE"));
    await assert.rejects(signIntermediateRequest({ ...order, rootPem: mixed }), /does not match/);
    await assert.rejects(signIntermediateRequest({ ...order, now: now + 20 * 365 * day }), /expired/);
  });

  it("leads to chains that OpenSSL verifies, and to none of another trust domain", async function () {
    if (!(await run("openssl", ["version"]).catch(() => undefined))) this.skip();
    const { keys, sign } = await signed();
    const chain = certificatesFromPem(await sign());
    const [intermediate, root] = chain as [Uint8Array, Uint8Array];
    const ca = await createCa([intermediate, root], keys.privateKeyPem, () => day);
    const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", (await createKeyPair()).publicKey));
    const folder = await mkdtemp(join(tmpdir(), "interlock-openssl-"));
    const verify = async (uri: string, purpose: string) => {
      const [leaf] = await ca.issueLeaf(uri, spki, Date.now());
      await writeFile(join(folder, "leaf.pem"), certificatesToPem([leaf as Uint8Array]));
      await writeFile(join(folder, "intermediate.pem"), certificatesToPem([intermediate]));
      await writeFile(join(folder, "root.pem"), certificatesToPem([root]));
      const files = ["-CAfile", "root.pem", "-untrusted", "intermediate.pem", "leaf.pem"];
      const strict = ["verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-purpose", purpose, ...files];
      return run("openssl", strict, { cwd: folder }).then(
        ({ stdout }) => stdout.trim(),
        (error: { stderr: string }) => error.stderr,
      );
    };
    for (const purpose of ["sslserver", "sslclient"]) {
      assert.equal(await verify("spiffe://cafe/gripper/1", purpose), "leaf.pem: OK");
      assert.match(await verify("spiffe://bar/gripper/1", purpose), /permitted subtree violation/);
    }
    await rm(folder, { recursive: true });
  });
});
