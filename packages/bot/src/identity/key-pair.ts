import { createPrivateKey, createPublicKey, KeyObject, sign, webcrypto } from "node:crypto";
import { tags } from "./der.js";
import { writeDer, writeOid } from "./write-der.js";

/** An ECDSA key pair on P-256. */
export interface KeyPair {
  /** The private key. */
  readonly privateKey: webcrypto.CryptoKey;
  /** The public key. */
  readonly publicKey: webcrypto.CryptoKey;
  /** The private key as PKCS #8, PEM. */
  readonly privateKeyPem: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" };

/**
 * Creates an ECDSA key pair on P-256.
 *
 * @returns The key pair; it is nowhere but in memory.
 */
export async function createKeyPair(): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const privateKeyPem = KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }) as string;
  return { privateKey: keys.privateKey, publicKey: keys.publicKey, privateKeyPem };
}

/** Reads a key pair from its private key (PKCS #8, PEM). Rejects when that is no key on P-256. */
export async function readKeyPair(privateKeyPem: string): Promise<KeyPair> {
  const { subtle } = webcrypto;
  const pkcs8 = createPrivateKey(privateKeyPem).export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(privateKeyPem).export({ type: "spki", format: "der" });
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]),
    subtle.importKey("spki", spki, algorithm, true, ["verify"]),
  ]);
  return { privateKey, publicKey, privateKeyPem };
}

const sequence = (...fields: readonly Uint8Array[]) => writeDer(tags.sequence, ...fields);
const [uriTag, attributesTag] = [0x86, 0xa0];
const version1 = writeDer(tags.integer, Buffer.of(0));
const emptyName = sequence(); // The authority decides about the subject.
const subjectAlternativeName = writeOid("2.5.29.17");
const extensionRequest = writeOid("1.2.840.113549.1.9.14");
const ecdsaWithSha256 = sequence(writeOid("1.2.840.10045.4.3.2"));

/**
 * Creates a PKCS #10 certificate request (RFC 2986) whose one subject alternative name is the SPIFFE ID.
 *
 * @param keys - The key pair to certify.
 * @param spiffeId - The SPIFFE ID to request, for example `spiffe://cafe/gripper/1`.
 * @returns The request, DER.
 */
export async function createCsr(keys: KeyPair, spiffeId: string): Promise<Uint8Array> {
  const spki = new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey));
  const names = sequence(writeDer(uriTag, Buffer.from(spiffeId)));
  const extension = sequence(subjectAlternativeName, writeDer(tags.octetString, names));
  const request = sequence(extensionRequest, writeDer(tags.set, sequence(extension)));
  const info = sequence(version1, emptyName, spki, writeDer(attributesTag, request));
  const signature = writeDer(tags.bitString, Buffer.of(0), sign("sha256", info, keys.privateKeyPem));
  return new Uint8Array(sequence(info, ecdsaWithSha256, signature));
}
