import { bitsOf, type DerElement, listOf, oidOf, readDer, readSequence, tags } from "./der.js";
import { isSoundRsaKey } from "./rsa-key.js";

/*
 * The kinds of keys and signatures that are strong enough, by this list and not by OpenSSL's security level, which differs
 * between versions of Node and can be set from outside. TLS 1.3 knows no others (RFC 8446, section 4.2.3).
 */
const ecPublicKey = "1.2.840.10045.2.1";
const rsaKey = "1.2.840.113549.1.1.1";
const rsaPss = "1.2.840.113549.1.1.10";
const edwards = new Set(["1.3.101.112", "1.3.101.113"]); // Ed25519 and Ed448 (RFC 8410); as signatures, too.
const curves = new Set(["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"]); // P-256, P-384, P-521 (RFC 5480).
const hashes = new Set(["2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"]); // SHA-256, -384, -512.
const signatures = new Set([
  ...["1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4"], // ECDSA (RFC 5758), each with its SHA-2.
  ...["1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13"], // RSA (RFC 4055), likewise.
]);

const hashTag = 0xa0;

/** Whether a `SubjectPublicKeyInfo` holds a key that is strong enough: RSA from 2,048 bits, P-256, P-384, P-521, Edwards. */
export function isStrongKey(spki: DerElement): boolean {
  const { algorithm, key } = readSequence(spki, ({ next }) => ({
    algorithm: next(tags.sequence),
    key: next(tags.bitString),
  }));
  const [id, parameters] = readAlgorithm(algorithm);
  if (edwards.has(id)) return true;
  // A curve has to be named. One that is spelled out (RFC 5480, section 2.1.1) can be any.
  if (id === ecPublicKey) return parameters?.tag === tags.oid && curves.has(oidOf(parameters));
  if (id !== rsaKey && (id !== rsaPss || (parameters && !isPssWithSha2(parameters)))) return false;
  const [modulus, exponent] = readSequence(readDer(bitsOf(key)), ({ next }) => [
    next(tags.integer),
    next(tags.integer),
  ]);
  return isPositive(modulus) && isPositive(exponent) && isSoundRsaKey(modulus.content, exponent.content);
}

/** Whether an `AlgorithmIdentifier` is of a signature that is strong enough: over SHA-2, or of an Edwards curve. */
export function isStrongSignature(algorithm: DerElement): boolean {
  const [id, parameters] = readAlgorithm(algorithm);
  if (id === rsaPss) return parameters !== undefined && isPssWithSha2(parameters);
  return edwards.has(id) || signatures.has(id);
}

function readAlgorithm(element: DerElement): readonly [id: string, parameters: DerElement | undefined] {
  const [id, parameters] = listOf(element);
  if (id?.tag !== tags.oid) throw new Error("an algorithm in the certificate has no identifier");
  return [oidOf(id), parameters];
}

// RFC 4055, section 3.1: without a hash that is written out, it is SHA-1.
function isPssWithSha2(parameters: DerElement): boolean {
  const hash = listOf(parameters).find(({ tag }) => tag === hashTag)?.children[0];
  return hash !== undefined && hashes.has(readAlgorithm(hash)[0]);
}

function isPositive({ content }: DerElement): boolean {
  return ((content[0] ?? 0x80) & 0x80) === 0;
}
