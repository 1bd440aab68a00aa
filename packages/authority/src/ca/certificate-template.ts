import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { clockSkewMs } from "@interlock/bot/internal";
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

/** The contents of a certificate except names and keys. */
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
 * How long before its issue a certificate becomes valid, in milliseconds: how slow a verifier's clock may be. A
 * verifier with a fast clock refuses certificates early, because it considers them expired.
 */
export const backdateMs = clockSkewMs;

/** The issuer of a certificate. */
export interface Issuer {
  readonly key: PublicKey;
  /** What it signs is valid only between these times. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Returns the template of a root: valid for ten years, with at most one intermediate below it. It names its trust
 * domain (X.509-SVID, section 3.2) and is constrained to it.
 */
export async function rootTemplate(key: PublicKey, trustDomain: string, now: number): Promise<CertificateTemplate> {
  return {
    serialNumber: randomSerial(),
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + rootLifetimeMs),
    extensions: await caExtensions(key, trustDomain, 1),
  };
}

/** The input for the template of an intermediate. */
export interface IntermediateOptions {
  readonly key: PublicKey;
  readonly issuer: Issuer;
  readonly trustDomain: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds. */
  readonly ttlMs: number;
}

/**
 * Returns the template of an intermediate: it signs only leaves of its trust domain, within the validity of its issuer.
 */
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

/** The input for the template of a leaf. */
export interface LeafOptions {
  readonly key: PublicKey;
  readonly spiffeId: string;
  readonly issuer: Issuer;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds. */
  readonly ttlMs: number;
  /** DNS names and IP addresses, for clients that verify host names. Default: none. */
  readonly hosts?: readonly string[];
}

/**
 * Returns the template of a leaf according to X.509-SVID, section 4: one SPIFFE ID, for clients and servers, no
 * signing, within the validity of its issuer.
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

// 16 random bytes in hex. The first two bits are fixed: the number is positive and has no leading zeros
// (RFC 5280, section 4.1.2.2).
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString("hex");
}
