import { createHash, createPrivateKey, createPublicKey, webcrypto } from "node:crypto";
import { parseSpiffeId } from "@interlock/policy";
import {
  type CertificateTemplate,
  type Issuer,
  intermediateLifetimeMs,
  intermediateTemplate,
  leafTemplate,
  rootTemplate,
} from "./certificate-template.js";
import { dnsName } from "./dns-name.js";
import { nameConstraintsId, permitsDnsName } from "./name-constraints.js";
import { PublicKey, X509Certificate, X509CertificateGenerator } from "./x509.js";

/** A signer of leaves. */
export interface Ca {
  /** Milliseconds since the epoch; no leaf outlives it. */
  readonly notAfter: number;
  /**
   * Issues a leaf for a SPIFFE ID and a checked public key (SubjectPublicKeyInfo, DER). Returns the chain, DER: the
   * leaf first, then intermediates, without the root. The leaf also has the {@link dnsName} of its SPIFFE ID, unless the
   * name constraints of the chain forbid it. `hosts` are additional DNS names and IP addresses.
   */
  issueLeaf(spiffeId: string, publicKey: Uint8Array, now: number, hosts?: readonly string[]): Promise<Uint8Array[]>;
}

/** Returns how long a leaf for a SPIFFE ID is valid, in milliseconds. */
export type LeafTtlOf = (spiffeId: string) => number;

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const leafName = "O=Interlock";

/** Creates a self-signed root certificate, DER, for a P-256 private key (PKCS #8, PEM). */
export async function createRoot(privateKeyPem: string, trustDomain: string, now: number): Promise<Uint8Array> {
  const { signingKey, publicKey } = await importKey(privateKeyPem);
  const name = nameOf("root", publicKey);
  return sign(await rootTemplate(publicKey, trustDomain, now), { subject: name, issuer: name, publicKey, signingKey });
}

/** A root certificate (DER) with its private key (PKCS #8, PEM). */
export interface RootWithKey {
  readonly certificate: Uint8Array;
  readonly privateKeyPem: string;
}

/** Creates an intermediate certificate, DER, below a root, for a public key (SubjectPublicKeyInfo, DER). */
export async function createIntermediate(
  root: RootWithKey,
  spki: Uint8Array,
  trustDomain: string,
  now: number,
  ttlMs = intermediateLifetimeMs,
): Promise<Uint8Array> {
  const { signingKey, publicKey: rootKey } = await importKey(root.privateKeyPem);
  const { subject: issuer, notBefore, notAfter } = certificateOf(root.certificate, rootKey);
  const key = new PublicKey(Uint8Array.from(spki));
  const template = { key, issuer: { key: rootKey, notBefore, notAfter }, trustDomain, now, ttlMs };
  const names = { subject: nameOf("intermediate", key), issuer };
  return sign(await intermediateTemplate(template), { ...names, publicKey: key, signingKey });
}

/**
 * Creates a signer of leaves from a CA certificate and its private key (PKCS #8, PEM). `chain`, DER, begins with that
 * certificate and ends with the root; a root that signs leaves itself is both. Rejects when the key does not match.
 */
export async function createCa(chain: readonly Uint8Array[], privateKeyPem: string, ttlOf: LeafTtlOf): Promise<Ca> {
  const { signingKey, publicKey } = await importKey(privateKeyPem);
  const { subject: issuer } = certificateOf(chain[0] as Uint8Array, publicKey);
  const bounds = narrowest(chain);
  const intermediates = chain.slice(0, -1);
  return {
    notAfter: bounds.notAfter.getTime(),
    async issueLeaf(spiffeId, spki, now, hosts = []) {
      const key = new PublicKey(Uint8Array.from(spki));
      const names = [...derivedNames(spiffeId, chain), ...hosts];
      const template = {
        key,
        spiffeId,
        issuer: { key: publicKey, ...bounds },
        now,
        ttlMs: ttlOf(spiffeId),
        hosts: names,
      };
      const leaf = await sign(await leafTemplate(template), { subject: leafName, issuer, publicKey: key, signingKey });
      return [leaf, ...intermediates];
    },
  };
}

/**
 * The DNS name that goes into a leaf: none below a CA, which may be a company's, whose name constraints do not permit it.
 * Every verifier of the chain would refuse the leaf because of it.
 */
function derivedNames(spiffeId: string, chain: readonly Uint8Array[]): string[] {
  const id = parseSpiffeId(spiffeId);
  if (!id) return [];
  const name = dnsName(id);
  const constraints = chain
    .flatMap((der) => new X509Certificate(Uint8Array.from(der)).extensions)
    .filter(({ type }) => type === nameConstraintsId);
  return constraints.every(({ value }) => permitsDnsName(new Uint8Array(value), name)) ? [name] : [];
}

/** Whether a private key (PEM) matches a certificate (DER). */
export function belongTogether(certificate: Uint8Array, privateKeyPem: string): boolean {
  const spki = createPublicKey(createPrivateKey(privateKeyPem)).export({ type: "spki", format: "der" });
  return spki.equals(Buffer.from(new X509Certificate(Uint8Array.from(certificate)).publicKey.rawData));
}

interface Signing {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: PublicKey;
  readonly signingKey: webcrypto.CryptoKey;
}

async function sign(template: CertificateTemplate, signing: Signing): Promise<Uint8Array> {
  const certificate = await X509CertificateGenerator.create({ ...template, ...signing, signingAlgorithm: algorithm });
  return new Uint8Array(certificate.rawData);
}

function certificateOf(der: Uint8Array, key: PublicKey): X509Certificate {
  const certificate = new X509Certificate(Uint8Array.from(der));
  if (!Buffer.from(certificate.publicKey.rawData).equals(Buffer.from(key.rawData))) {
    throw new Error("the CA's private key does not match its certificate");
  }
  return certificate;
}

/** Returns the time in which every certificate of a chain is valid. */
function narrowest(chain: readonly Uint8Array[]): Pick<Issuer, "notBefore" | "notAfter"> {
  const certificates = chain.map((der) => new X509Certificate(Uint8Array.from(der)));
  return {
    notBefore: new Date(Math.max(...certificates.map(({ notBefore }) => notBefore.getTime()))),
    notAfter: new Date(Math.min(...certificates.map(({ notAfter }) => notAfter.getTime()))),
  };
}

// Different for every key, so that operators, and software that finds issuers by name, can distinguish them.
function nameOf(what: string, key: PublicKey): string {
  const short = createHash("sha256").update(Buffer.from(key.rawData)).digest("hex").slice(0, 8);
  return `O=Interlock, CN=Interlock ${what} ${short}`;
}

async function importKey(pem: string): Promise<{ signingKey: webcrypto.CryptoKey; publicKey: PublicKey }> {
  const key = createPrivateKey(pem);
  const der = key.export({ type: "pkcs8", format: "der" });
  const signingKey = await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
  const publicKey = new PublicKey(createPublicKey(key).export({ type: "spki", format: "der" }));
  return { signingKey, publicKey };
}
