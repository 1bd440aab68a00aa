import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { createKeyPair } from "@interlock/bot";
import { parseCertificate } from "@interlock/bot/internal";
import { text } from "@interlock/bot/testing";
import { createCa } from "./ca.js";
import { dnsName } from "./dns-name.js";
import { nameConstraintsId } from "./name-constraints.js";
import {
  BasicConstraintsExtension,
  Extension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "./x509.js";

const of = (trustDomain: string, name: string) => dnsName({ trustDomain, name });
const hash = (value: string) => `hash---${createHash("sha256").update(value).digest("hex").slice(0, 48)}`;

describe("the DNS name of a bot", () => {
  it("can be read where name and trust domain permit it", () => {
    assert.equal(of("plant", "arm/1"), "arm--1.plant.interlock.invalid");
    assert.equal(of("plant", "interlock/authority"), "interlock--authority.plant.interlock.invalid");
    assert.equal(of("cafe.example", "my-arm/cell-3/1"), "my-arm--cell-3--1.cafe.example.interlock.invalid");
    assert.equal(of("plant", "a".repeat(63)), `${"a".repeat(63)}.plant.interlock.invalid`);
  });

  it("is a hash where they do not", () => {
    for (const name of ["Arm/1", "arm.1", "arm_1", "-arm", "arm-", "a--b", "ab/1", "a/-/b", "a".repeat(64)]) {
      assert.equal(of("plant", name), `${hash(name)}.plant.interlock.invalid`, name);
    }
    for (const domain of ["my_plant", "-plant", "a..b", "a--b", "a".repeat(64), "long.".repeat(40)]) {
      assert.equal(of(domain, "arm/1"), `arm--1.${hash(domain)}.interlock.invalid`, domain);
    }
  });

  it("differs for different bots, and is a name that every parser accepts", () => {
    const pieces = ["a", "b", "ab", "a-b", "a--b", "A", "a.b", "a_b", "-", "hash---00", "x".repeat(70)];
    const names = pieces.flatMap((one) => [one, ...pieces.map((two) => `${one}/${two}`)]);
    const domains = ["a", "a.b", "b", "hash---00", "a--b", "_", `${"abc.".repeat(60)}d`];
    const made = domains.flatMap((domain) => names.map((name) => of(domain, name)));
    assert.equal(new Set(made).size, names.length * domains.length);
    for (const name of made) {
      assert.ok(name.length <= 253, name);
      for (const label of name.split(".")) assert.match(label, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, name);
    }
  });

  it("is left out below a CA whose name constraints do not permit it", async () => {
    const names = async (...constraint: Extension[]) => {
      const keys = await createKeyPair();
      const root = await X509CertificateGenerator.createSelfSigned(
        {
          name: "CN=company",
          keys: keys as never,
          signingAlgorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
          extensions: [new BasicConstraintsExtension(true, 0, true), ...constraint],
        },
        webcrypto as never,
      );
      const ca = await createCa([new Uint8Array(root.rawData)], keys.privateKeyPem, () => 3_600_000);
      const spki = await webcrypto.subtle.exportKey("spki", (await createKeyPair()).publicKey);
      const [leaf] = await ca.issueLeaf("spiffe://cafe/arm/1", new Uint8Array(spki), Date.now());
      assert.ok(leaf);
      assert.deepEqual(parseCertificate(leaf).uris, ["spiffe://cafe/arm/1"]);
      const found = new X509Certificate(leaf).getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
      return found.filter(({ type }) => type === "dns").map(({ value }) => value);
    };
    assert.deepEqual(await names(), ["arm--1.cafe.interlock.invalid"]);
    const dns = text(0x82, "corp.example");
    const permitted = [0x30, dns.length + 4, 0xa0, dns.length + 2, 0x30, dns.length, ...dns];
    assert.deepEqual(await names(new Extension(nameConstraintsId, true, Uint8Array.from(permitted))), []);
  });
});
