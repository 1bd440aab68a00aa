import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { JWK } from "jose";
import { authorityTokens, keyFits, subjectOf, type TokenAlgorithm } from "./token-rules.js";

const jwk = (type: string, options: object = {}): JWK => {
  // The types of Node have one overload for each kind of key.
  const { publicKey } = generateKeyPairSync(type as "ed25519", options) as { publicKey: KeyObject };
  return publicKey.export({ format: "jwk" }) as JWK;
};

describe("token rules", () => {
  const keys: Record<string, JWK> = {
    "P-256": jwk("ec", { namedCurve: "P-256" }),
    "P-384": jwk("ec", { namedCurve: "P-384" }),
    Ed25519: jwk("ed25519"),
    Ed448: jwk("ed448"),
    X25519: jwk("x25519"),
    "RSA 2,048": jwk("rsa", { modulusLength: 2_048 }),
    "RSA 2,047": jwk("rsa", { modulusLength: 2_047 }),
    "RSA with the exponent 1": { ...jwk("rsa", { modulusLength: 2_048 }), e: "AQ" },
    "RSA with the exponent 3": jwk("rsa", { modulusLength: 2_048, publicExponent: 3 }),
    "RSA with an even exponent": { ...jwk("rsa", { modulusLength: 2_048 }), e: "AQAC" },
    "RSA without an exponent": { ...jwk("rsa", { modulusLength: 2_048 }), e: "" },
    "RSA 16,384": { kty: "RSA", e: "AQAB", n: Buffer.alloc(2_048, 0xff).toString("base64url") },
    "RSA, its exponent padded": { ...jwk("rsa", { modulusLength: 2_048 }), e: "AQAB====" },
    "P-256 with a short coordinate": { kty: "EC", crv: "P-256", x: "AA", y: "AA" },
    "Ed25519 with a long key": { kty: "OKP", crv: "Ed25519", x: Buffer.alloc(33).toString("base64url") },
    "RSA 1,024": jwk("rsa", { modulusLength: 1_024 }),
    "a secret": { kty: "oct", k: "AAAA" },
    "a curve of another kind": { kty: "RSA", crv: "P-256" },
    "a curve without its kind": { kty: "EC", crv: "Ed25519" },
    "RSA without a modulus": { kty: "RSA" },
    "RSA of nothing": { kty: "RSA", n: Buffer.alloc(300).toString("base64url") },
    nothing: {} as JWK,
  };
  const fitting: Record<TokenAlgorithm, string> = { ES256: "P-256", EdDSA: "Ed25519", RS256: "RSA 2,048" };

  for (const [algorithm, one] of Object.entries(fitting) as [TokenAlgorithm, string][]) {
    it(`${algorithm} goes with ${one}, and with no other key`, () => {
      for (const [name, key] of Object.entries(keys)) assert.equal(keyFits(key, algorithm), name === one, name);
    });

    it(`${algorithm} goes with a key that says it is meant for that, or says nothing`, () => {
      const key = keys[one] as JWK;
      assert.ok(keyFits({ ...key, alg: algorithm, use: "sig" }, algorithm));
      assert.ok(!keyFits({ ...key, use: "enc" }, algorithm));
      assert.ok(!keyFits({ ...key, alg: "ES384" }, algorithm));
      assert.ok(!keyFits({ ...key, alg: "ES384", use: "sig" }, algorithm));
      assert.ok(keyFits({ ...key, key_ops: ["verify"] }, algorithm));
      assert.ok(keyFits({ ...key, use: "sig", key_ops: ["verify", "sign"] }, algorithm));
      for (const operations of [[], ["sign"], ["encrypt"], "verify", null, {}]) {
        assert.ok(!keyFits({ ...key, key_ops: operations as string[] }, algorithm), String(operations));
      }
      for (const use of ["", "SIG", ["sig"], null]) assert.ok(!keyFits({ ...key, use: use as string }, algorithm));
    });

    it(`${algorithm} goes with no key whose private part is published, nor with members in another form`, () => {
      const key = keys[one] as JWK;
      for (const name of ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]) {
        assert.ok(!keyFits({ ...key, [name]: "AA" }, algorithm), name);
      }
      for (const name of (["n", "e", "x", "y"] as const).filter((member) => member in key)) {
        for (const form of [`${key[name]}=`, ` ${key[name]}`, `${key[name]}\n`, `${key[name]}AA`]) {
          assert.ok(!keyFits({ ...key, [name]: form }, algorithm), JSON.stringify([name, form.slice(-3)]));
        }
      }
    });
  }

  it("the length of an RSA key is that of its number, not of its bytes", () => {
    const { n = "" } = keys["RSA 1,024"] as JWK;
    const padded = Buffer.concat([Buffer.alloc(200), Buffer.from(n, "base64url")]).toString("base64url");
    assert.equal(keyFits({ kty: "RSA", n: padded, e: "AQAB" }, "RS256"), false);
    const long = Buffer.concat([Buffer.alloc(2), Buffer.from((keys["RSA 2,048"] as JWK).n ?? "", "base64url")]);
    assert.equal(keyFits({ kty: "RSA", n: long.toString("base64url"), e: "AQAB" }, "RS256"), true);
  });

  it("say whose a token is, by a table or as it stands there", () => {
    const rules = { ...authorityTokens, subjectClaim: "azp", subjects: { robot: "spiffe://test/a" } };
    assert.equal(subjectOf({ azp: "robot", sub: "x" }, rules), "spiffe://test/a");
    assert.equal(subjectOf({ azp: "spiffe://test/b" }, rules), "spiffe://test/b");
    assert.equal(subjectOf({ azp: "toString" }, rules), "toString");
    for (const azp of [undefined, 1, ["robot"]]) assert.equal(subjectOf({ azp }, rules), undefined);
  });
});
