import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { certificatesToPem, createKeyPair } from "@interlock/bot";
import { readDer } from "@interlock/bot/internal";
import { createCa, createIntermediate, createRoot } from "./ca.js";
import { nameConstraints, permitsDnsName, permitsDomain } from "./name-constraints.js";

describe("name constraints", () => {
  // How TLS finds a client whose certificate is for `uri`, signed by the CA of the trust domain.
  async function verified(trustDomain: string, uri: string): Promise<string> {
    const { privateKeyPem } = await createKeyPair();
    const root = await createRoot(privateKeyPem, trustDomain, Date.now());
    const below = await createKeyPair();
    const key = new Uint8Array(await webcrypto.subtle.exportKey("spki", below.publicKey));
    const intermediate = await createIntermediate({ certificate: root, privateKeyPem }, key, trustDomain, Date.now());
    const ca = await createCa([intermediate, root], below.privateKeyPem, () => 3_600_000);
    const issue = async (id: string) => {
      const keys = await createKeyPair();
      const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
      return {
        key: keys.privateKeyPem,
        cert: certificatesToPem(await ca.issueLeaf(id, new Uint8Array(spki), Date.now())),
      };
    };
    const trust = { ca: certificatesToPem([root]), minVersion: "TLSv1.3", rejectUnauthorized: false } as const;
    const server = createServer({ ...trust, ...(await issue(`spiffe://${trustDomain}/s`)), requestCert: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const client = connect({ ...trust, ...(await issue(uri)), port, host: "127.0.0.1" });
    client.on("error", () => {});
    const [socket] = (await once(server, "secureConnection")) as [TLSSocket];
    const { authorized, authorizationError } = socket;
    client.destroy();
    socket.destroy();
    server.close();
    return authorized ? "ok" : String(authorizationError);
  }

  it("let a CA vouch for its own trust domain, and for no other", async () => {
    assert.equal(await verified("cafe", "spiffe://cafe/gripper/1"), "ok");
    for (const uri of ["spiffe://bar/gripper/1", "spiffe://cafe.bar/x", "spiffe://xcafe/x", "spiffe://cafe2/x"]) {
      assert.equal(await verified("cafe", uri), "UNSPECIFIED", uri); // Node has no word for it.
    }
  });

  it("are critical, and written as DER has it, however long the trust domain is", () => {
    assert.equal(nameConstraints("cafe").critical, true);
    const bytes = Buffer.from(nameConstraints("cafe").value).toString("hex");
    assert.equal(bytes, "300aa00830068604".concat(Buffer.from("cafe").toString("hex")));
    // Where a length takes one byte more, in each of the four elements.
    for (const length of [
      ...Array.from({ length: 12 }, (_, i) => 118 + i),
      ...Array.from({ length: 15 }, (_, i) => 241 + i),
    ]) {
      readDer(new Uint8Array(nameConstraints("a".repeat(length)).value));
    }
  });

  it("of another CA leave room for a trust domain, or none", () => {
    const value = (...parts: number[][]) => Uint8Array.from([0x30, parts.flat().length, ...parts.flat()]);
    const subtree = (tag: number, kind: number, text: string) => {
      const name = [kind, text.length, ...Buffer.from(text)];
      return [tag, name.length + 2, 0x30, name.length, ...name];
    };
    const [permitted, excluded, uri, dns] = [0xa0, 0xa1, 0x86, 0x82];
    assert.equal(permitsDomain(new Uint8Array(nameConstraints("cafe").value), "cafe"), true);
    assert.equal(permitsDomain(value(subtree(permitted, uri, "bar")), "cafe"), false);
    assert.equal(permitsDomain(value(subtree(permitted, uri, "bar"), subtree(permitted, uri, "Cafe")), "cafe"), true);
    assert.equal(permitsDomain(value(subtree(permitted, uri, ".org")), "cafe.org"), true);
    assert.equal(permitsDomain(value(subtree(permitted, uri, ".cafe.org")), "cafe.org"), false);
    assert.equal(permitsDomain(value(subtree(permitted, dns, "bar")), "cafe"), true, "it says nothing of URIs");
    const name = "arm--1.cafe.interlock.invalid";
    assert.equal(permitsDnsName(new Uint8Array(nameConstraints("cafe").value), name), true);
    for (const [kind, text, expected] of [
      [permitted, "corp.example", false],
      [permitted, "interlock.invalid", true],
      [permitted, ".Interlock.invalid", true],
      [permitted, "lock.invalid", false],
      [permitted, name, true],
      [excluded, "corp.example", true],
      [excluded, "invalid", false],
      [excluded, "", false],
    ] as const) {
      assert.equal(permitsDnsName(value(subtree(kind, dns, text)), name), expected, `${kind} ${text}`);
    }
    assert.equal(permitsDomain(value(subtree(excluded, uri, "cafe")), "cafe"), false);
    assert.equal(permitsDomain(value(subtree(excluded, uri, "bar")), "cafe"), true);
    for (const broken of [[], [0x30], [0x30, 5, 0xa0], [0x30, 0x80], [0x31, 0], [0x30, 2, 0xa0, 9]]) {
      assert.throws(() => permitsDomain(Uint8Array.from(broken), "cafe"), /ASN\.1/, String(broken));
    }
  });

  it("take any trust domain that there can be", async () => {
    for (const domain of ["a", "my_cafe", "cafe.example.org", "1.2", "-", `${"long.".repeat(40)}x`]) {
      assert.equal(await verified(domain, `spiffe://${domain}/x`), "ok", domain);
    }
  });
});
