import assert from "node:assert/strict";
import { generateKeyPairSync, webcrypto } from "node:crypto";
import { createCsr, createKeyPair, InterlockError } from "@interlock/bot";
import { handMadeCsr, longElement } from "@interlock/bot/testing";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
} from "./x509.js";
import "reflect-metadata";
import { ChallengePasswordAttribute, type JsonGeneralNames, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { checkCsr, maximumCsrLength } from "./check-csr.js";

const id = "spiffe://cafe/gripper/1";
const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const uri = { type: "url", value: id } as const;

interface Request {
  readonly algorithm?: object;
  readonly names?: JsonGeneralNames;
  readonly extensions?: Extension[];
  readonly challenge?: boolean;
}

async function csr({ algorithm = p256, names = [uri], extensions, challenge }: Request = {}): Promise<Uint8Array> {
  const keys = await webcrypto.subtle.generateKey(algorithm as EcKeyGenParams, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithm as never,
    extensions: extensions ?? [new SubjectAlternativeNameExtension(names)],
    attributes: challenge ? [new ChallengePasswordAttribute("x")] : [],
  });
  return new Uint8Array(request.rawData);
}

type EcKeyGenParams = webcrypto.EcKeyGenParams;

const san = () => new SubjectAlternativeNameExtension([uri]);
const rsa = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

const bad: Record<string, [() => Promise<Uint8Array>, RegExp]> = {
  "another bot's ID": [() => csr({ names: [{ type: "url", value: "spiffe://cafe/gripper/2" }] }), /must be the URI/],
  "another trust domain": [() => csr({ names: [{ type: "url", value: "spiffe://b/gripper/1" }] }), /must be the URI/],
  "two URIs": [() => csr({ names: [uri, uri] }), /must be the URI/],
  "a DNS name besides": [() => csr({ names: [uri, { type: "dns", value: "localhost" }] }), /must be the URI/],
  "the ID as a DNS name": [() => csr({ names: [{ type: "dns", value: id }] }), /must be the URI/],
  "no names": [() => csr({ names: [] }), /must be the URI/],
  "no extensions": [() => csr({ extensions: [] }), /one attribute/],
  "two SAN extensions": [() => csr({ extensions: [san(), san()] }), /exactly one/],
  "to be a CA": [() => csr({ extensions: [san(), new BasicConstraintsExtension(true)] }), /2\.5\.29\.19/],
  "not to be a CA": [() => csr({ extensions: [san(), new BasicConstraintsExtension(false)] }), /2\.5\.29\.19/],
  "to sign certificates": [
    () => csr({ extensions: [san(), new KeyUsagesExtension(KeyUsageFlags.keyCertSign)] }),
    /2\.5\.29\.15/,
  ],
  "a usage": [
    () => csr({ extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.codeSigning]), san()] }),
    /2\.5\.29\.37/,
  ],
  "another attribute": [() => csr({ challenge: true }), /one attribute/],
  "an RSA key": [() => csr({ algorithm: rsa }), /P-256/],
  "a P-384 key": [() => csr({ algorithm: { ...p256, namedCurve: "P-384" } }), /P-256/],
  "a SHA-512 signature": [() => csr({ algorithm: { ...p256, hash: "SHA-512" } }), /SHA-256/],
  "no attributes": [async () => handMadeCsr(id, { attributes: [] }), /one attribute/],
  "another attribute alone": [
    async () => handMadeCsr(id, { attributes: [Buffer.from("300d06092a864886f70d0109073100", "hex")] }),
    /one attribute|cannot be read/,
  ],
  "an RSA signature over a key on P-256": [
    async () => {
      const [rsaKey, claimed] = [
        generateKeyPairSync("rsa", { modulusLength: 2048 }),
        generateKeyPairSync("ec", { namedCurve: "P-256" }),
      ];
      return handMadeCsr(id, { key: rsaKey.privateKey, claimed: claimed.privateKey });
    },
    /ECDSA and SHA-256/,
  ],
  "8,192 bytes of nothing": [async () => new Uint8Array(maximumCsrLength), /single PKCS #10 request/],
  "a length in more bytes than it takes": [
    async () => longElement(0x30, (await csr()).subarray(4)),
    /single PKCS #10 request/,
  ],
  nothing: [async () => new Uint8Array(), /single PKCS #10 request/],
  nonsense: [async () => Uint8Array.of(0x30, 3, 2, 1, 0), /cannot be read/],
  "too much": [async () => new Uint8Array(maximumCsrLength + 1), /longer than/],
  "bytes after the end": [async () => Buffer.concat([await csr(), Buffer.of(0)]), /single PKCS #10 request/],
  PEM: [
    async () => Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(await csr()).toString("base64")}`),
    /single PKCS/,
  ],
  "a broken signature": [
    async () => {
      const der = await csr();
      der[der.length - 1] = (der.at(-1) as number) ^ 1;
      return der;
    },
    /signature/,
  ],
  "another's key under a signature": [
    async () => {
      const [a, b] = [Buffer.from(await csr()), Buffer.from(await csr())];
      const prefix = Buffer.from("3059301306072a8648ce3d0201", "hex");
      b.copy(a, a.indexOf(prefix), b.indexOf(prefix), b.indexOf(prefix) + 91);
      return a;
    },
    /signature/,
  ],
};

describe("checkCsr", () => {
  it("gives the key of a sound request", async () => {
    const keys = await createKeyPair();
    const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
    assert.deepEqual(Buffer.from(await checkCsr(await createCsr(keys, id), id)), Buffer.from(spki));
  });

  for (const [what, [make, message]] of Object.entries(bad)) {
    it(`refuses a request with ${what}`, async () => {
      const der = await make();
      await assert.rejects(checkCsr(der, id), (error) => {
        assert.ok(error instanceof InterlockError);
        assert.equal(error.reason, "CSR_REJECTED");
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
