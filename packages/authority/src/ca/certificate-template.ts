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

const rootLifetimeMs = 10 * 365 * 24 * 3_600_000;
const backdateMs = 30_000;

/**
 * A root: may sign leaves and nothing deeper, for ten years. It names the trust domain (X.509-SVID, section 3.2), and is good for no
 * other.
 */
export async function rootTemplate(key: PublicKey, trustDomain: string, now: number): Promise<CertificateTemplate> {
  return {
    serialNumber: randomSerial(),
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + rootLifetimeMs),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${trustDomain}` }]),
      nameConstraints(trustDomain),
      await SubjectKeyIdentifierExtension.create(key),
    ],
  };
}

/** What a leaf is made for. */
export interface LeafOptions {
  readonly key: PublicKey;
  readonly spiffeId: string;
  readonly issuer: { readonly key: PublicKey; readonly notBefore: Date; readonly notAfter: Date };
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds. */
  readonly ttlMs: number;
  /** DNS names and IP addresses besides, for clients that know hosts and no SPIFFE IDs; none unless said. */
  readonly hosts?: readonly string[];
}

/**
 * A leaf as the X.509-SVID specification has it (section 4): one SPIFFE ID, for both sides of a connection, signing
 * nothing. It is valid from 30 s ago, for clocks that are late, and never outside the validity of its issuer.
 */
export async function leafTemplate(options: LeafOptions): Promise<CertificateTemplate> {
  const { key, spiffeId, issuer, now, ttlMs, hosts = [] } = options;
  const names = hosts.map((value) => ({ type: isIP(value) ? ("ip" as const) : ("dns" as const), value }));
  return {
    serialNumber: randomSerial(),
    notBefore: new Date(Math.max(now - backdateMs, issuer.notBefore.getTime())),
    notAfter: new Date(Math.min(now + ttlMs, issuer.notAfter.getTime())),
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

// 16 random bytes in hex. The first two bits are fixed, so that the number is positive and has no leading zeros
// (RFC 5280, section 4.1.2.2).
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString("hex");
}
