import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { element, oid, sequence } from "../testing/der.js";
import { ecKey, rsaKey, specimen, svidExtensions } from "../testing/specimen.js";
import { parseCertificate } from "./certificate.js";
import { readDer } from "./der.js";
import { isSoundRsaKey } from "./rsa-key.js";
import { isStrongSignature } from "./strength.js";

describe("the strength of a certificate", () => {
  const extensions = svidExtensions("spiffe://test/a");
  const ed25519 = generateKeyPairSync("ed25519").privateKey;
  const keys: Record<string, readonly [KeyObject, boolean]> = {
    "P-256": [ecKey(), true],
    "P-384": [ecKey("P-384"), true],
    "P-521": [ecKey("P-521"), true],
    Ed25519: [ed25519, true],
    Ed448: [generateKeyPairSync("ed448").privateKey, true],
    "RSA 2,048": [rsaKey(2_048), true],
    "RSA 2,048 for PSS": [generateKeyPairSync("rsa-pss", { modulusLength: 2_048 }).privateKey, true],
    "RSA 2,048 for PSS with SHA-384": [
      generateKeyPairSync("rsa-pss", { modulusLength: 2_048, hashAlgorithm: "sha384", mgf1HashAlgorithm: "sha384" })
        .privateKey,
      true,
    ],
    "RSA 2,048 for PSS with SHA-1": [
      generateKeyPairSync("rsa-pss", { modulusLength: 2_048, hashAlgorithm: "sha1", mgf1HashAlgorithm: "sha256" })
        .privateKey,
      false,
    ],
    "P-192": [ecKey("prime192v1"), false],
    "P-224": [ecKey("secp224r1"), false],
    secp256k1: [ecKey("secp256k1"), false],
    "P-256, its curve spelled out": [explicitCurve(), false],
    "RSA 1,024": [rsaKey(1_024), false],
    "RSA 2,040": [rsaKey(2_040), false],
    "RSA with exponent 3": [rsaKey(2_048, 3), false],
    "RSA with exponent 17": [rsaKey(2_048, 17), false],
    DSA: [generateKeyPairSync("dsa", { modulusLength: 1_024, divisorLength: 160 }).privateKey, false],
    X25519: [generateKeyPairSync("x25519").privateKey, false],
  };
  const by = { name: "ca", key: ecKey() };

  for (const [name, [key, strong]] of Object.entries(keys)) {
    it(`${name} is ${strong ? "strong" : "weak"}`, () => {
      const { strongKey, strongSignature } = parseCertificate(specimen({ key, by, extensions }).der);
      assert.deepEqual([strongKey, strongSignature], [strong, true]);
    });
  }

  for (const [key, hash, strong] of [
    [ecKey(), "sha256", true],
    [ecKey(), "sha384", true],
    [ecKey(), "sha512", true],
    [ecKey(), "sha1", false],
    [rsaKey(2_048), "sha256", true],
    [rsaKey(2_048), "sha384", true],
    [rsaKey(2_048), "sha512", true],
    [rsaKey(2_048), "sha1", false],
    [rsaKey(2_048), "md5", false],
    [ed25519, "sha256", true],
  ] as const) {
    it(`a signature of ${key.asymmetricKeyType} with ${hash} is ${strong ? "strong" : "weak"}`, () => {
      const signed = parseCertificate(specimen({ by: { name: "ca", key }, hash, extensions }).der);
      assert.equal(signed.strongSignature, strong);
    });
  }

  it("a signature of RSA-PSS says its hash, which is SHA-1 where it says none (RFC 4055, section 3.1)", () => {
    const pss = (...parameters: readonly Uint8Array[]) =>
      isStrongSignature(readDer(sequence(oid("1.2.840.113549.1.1.10"), ...parameters)));
    const withHash = (hash: string) => sequence(element(0xa0, sequence(oid(hash), Buffer.of(5, 0))));
    for (const sha2 of [1, 2, 3]) assert.ok(pss(withHash(`2.16.840.1.101.3.4.2.${sha2}`)));
    assert.ok(!pss(withHash("1.3.14.3.2.26")));
    assert.ok(!pss(sequence()));
    assert.ok(!pss());
    assert.ok(!isStrongSignature(readDer(sequence(oid("1.2.3"), withHash("2.16.840.1.101.3.4.2.1")))));
    assert.throws(() => isStrongSignature(readDer(sequence())), /has no identifier/);
  });

  it("the numbers of an RSA key are bounded on both sides, and odd", () => {
    const odd = (bytes: number) => Buffer.alloc(bytes, 0xff);
    const e = Buffer.of(1, 0, 1);
    assert.ok(isSoundRsaKey(odd(256), e));
    assert.ok(isSoundRsaKey(Buffer.concat([Buffer.alloc(9), odd(256)]), Buffer.concat([Buffer.alloc(9), e])));
    assert.ok(isSoundRsaKey(odd(1_024), odd(8)));
    assert.ok(!isSoundRsaKey(odd(1_025), e));
    assert.ok(!isSoundRsaKey(Buffer.concat([Buffer.of(0x7f), odd(255)]), e));
    assert.ok(!isSoundRsaKey(Buffer.concat([odd(255), Buffer.of(0xfe)]), e));
    for (const weak of [[], [0], [1], [2], [3], [0xff, 0xff], [1, 0, 0], [1, 0, 2], [1, ...odd(8)]]) {
      assert.ok(!isSoundRsaKey(odd(256), Buffer.from(weak)), String(weak));
    }
    assert.ok(!isSoundRsaKey(Buffer.alloc(0), e));
    assert.ok(!isSoundRsaKey(Buffer.alloc(300), e));
  });
});

function explicitCurve(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }).privateKey;
}
