import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { nameConstraints } from "./name-constraints.js";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from "./x509.js";

/** What stands in a certificate, besides names and keys. */
export interface CertificateTemplate {
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: Extension[];
}

/** How long a root is valid, in milliseconds: ten years. */
export const rootLifetimeMs = 10 * 365 * 24 * 3_600_000;

/** How long an intermediate is valid, in milliseconds: 90 days. */
export const intermediateLifetimeMs = 90 * 24 * 3_600_000;

/**
 * How long before the moment of its issue a certificate is valid, in milliseconds. It is how late the clock of whoever
 * verifies it may be. No clock may be early: what has run out by the verifier's own clock is refused.
 */
export const backdateMs = 60_000;

/** Who signs a certificate. */
export interface Issuer {
  readonly key: PublicKey;
  /** What it signs is valid within these, and so never outlives it. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * A root: one intermediate may stand below it, and nothing deeper, for ten years. It names the trust domain (X.509-SVID,
 * section 3.2), and is good for no other.
 */
export async function rootTemplate(key: PublicKey, trustDomain: string, now: number): Promise<CertificateTemplate> {
  return {
    serialNumber: randomSerial(),
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + rootLifetimeMs),
    extensions: await caExtensions(key, trustDomain, 1),
  };
}

/** What an intermediate is made for. */
export interface IntermediateOptions {
  readonly key: PublicKey;
  readonly issuer: Issuer;
  readonly trustDomain: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds. */
  readonly ttlMs: number;
}

/** An intermediate: signs leaves of its trust domain and nothing deeper, within the validity of its issuer. */
export async function intermediateTemplate(options: IntermediateOptions): Promise<CertificateTemplate> {
  const { key, issuer, trustDomain, now, ttlMs } = options;
  return {
    serialNumber: randomSerial(),
    ...validity(issuer, now, ttlMs),
    extensions: [
      ...(await caExtensions(key, trustDomain, 0)),
      await AuthorityKeyIdentifierExtension.create(issuer.key),
    ],
  };
}

/** What a leaf is made for. */
export interface LeafOptions {
  readonly key: PublicKey;
  readonly spiffeId: string;
  readonly issuer: Issuer;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds. */
  readonly ttlMs: number;
  /** DNS names and IP addresses besides, for clients that know hosts and no SPIFFE IDs; none unless said. */
  readonly hosts?: readonly string[];
}

/**
 * A leaf as the X.509-SVID specification has it (section 4): one SPIFFE ID, for both sides of a connection, signing
 * nothing, within the validity of its issuer.
 */
export async function leafTemplate(options: LeafOptions): Promise<CertificateTemplate> {
  const { key, spiffeId, issuer, now, ttlMs, hosts = [] } = options;
  const names = hosts.map((value) => ({ type: isIP(value) ? ("ip" as const) : ("dns" as const), value }));
  return {
    serialNumber: randomSerial(),
    ...validity(issuer, now, ttlMs),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([{ type: "url", value: spiffeId }, ...names]),
      await SubjectKeyIdentifierExtension.create(key),
      await AuthorityKeyIdentifierExtension.create(issuer.key),
    ],
  };
}

async function caExtensions(key: PublicKey, trustDomain: string, pathLength: number): Promise<Extension[]> {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    new SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${trustDomain}` }]),
    nameConstraints(trustDomain),
    await SubjectKeyIdentifierExtension.create(key),
  ];
}

function validity(issuer: Issuer, now: number, ttlMs: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(Math.max(now - backdateMs, issuer.notBefore.getTime())),
    notAfter: new Date(Math.min(now + ttlMs, issuer.notAfter.getTime())),
  };
}

// 16 random bytes in hex. The first two bits are fixed, so that the number is positive and has no leading zeros
// (RFC 5280, section 4.1.2.2).
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString("hex");
}
