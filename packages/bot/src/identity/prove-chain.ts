import { X509Certificate } from "node:crypto";
import { isIssuedBy } from "./is-issued-by.js";
import { remember } from "./remember.js";

/** The values that a chain is proved by. */
export interface ChainBasis {
  /** The CA certificates to believe, DER. */
  readonly caCertificates: readonly Uint8Array[];
  /** The current time, in milliseconds since the epoch. */
  readonly now: number;
}

const issuer = remember((der) => new X509Certificate(der));

/**
 * Finds the chain (DER, the leaf first) to one of the CAs: each certificate issued by the next, by signature, and each issuer
 * valid now. `undefined` where there is none.
 *
 * TLS says that there is such a chain, and not which one it is. The chain that Node reports (`chainOf`) is linked by names
 * alone, from everything that the other end has sent: a certificate without a valid signature, with the name of an
 * intermediate, would take its place, and hide it and the root above it.
 */
export function proveChain(
  found: readonly Uint8Array[],
  { caCertificates, now }: ChainBasis,
): readonly Uint8Array[] | undefined {
  const roots = caCertificates.map((der) => ({ der, certificate: issuer(der) }));
  const certificates = found.map((der, depth) => (depth === 0 ? new X509Certificate(der) : issuer(der)));
  for (const [depth, certificate] of certificates.entries()) {
    const root = roots.find((candidate) => isIssued(certificate, candidate.certificate, now));
    if (root) return [...found.slice(0, depth + 1), root.der];
    const above = certificates[depth + 1];
    if (!above || !isIssued(certificate, above, now)) return undefined;
  }
  return undefined;
}

function isIssued(certificate: X509Certificate, by: X509Certificate, now: number): boolean {
  return isIssuedBy(certificate, by) && Date.parse(by.validFrom) <= now && now < Date.parse(by.validTo);
}
