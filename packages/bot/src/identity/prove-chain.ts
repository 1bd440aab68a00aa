import { X509Certificate } from "node:crypto";
import { remember } from "./remember.js";

/** The values that a chain is proved by. */
export interface ChainBasis {
  /** The CA certificates to believe, DER. */
  readonly caCertificates: readonly Uint8Array[];
  /** The current time, in milliseconds since the epoch. */
  readonly now: number;
  /** Whether the issuers of a chain, which is proved by its signatures, are good (DER, the root last). Default: always. */
  readonly accept?: (issuers: readonly Uint8Array[]) => boolean;
}

/** How many CAs a chain can have above its leaf, the root included. Real ones have three at most. */
export const maximumIssuers = 8;

/**
 * How many signatures are verified for one peer. An honest chain takes one for each certificate; each one more is of a
 * certificate with the name, and without the key, of an issuer.
 */
export const maximumSignatures = 32;

const issuer = remember((der) => new X509Certificate(der));
/** Apart from the issuers, so that many leaves do not push those out. */
const leafOf = remember((der) => new X509Certificate(der));

/**
 * Finds a chain (DER, the leaf first) from `found[0]` to one of the CAs: each certificate issued by the next, by signature,
 * each issuer valid now, and the issuers accepted. The other certificates in `found` may be in any order, and some of them
 * of no use (RFC 8446, section 4.4.2). `undefined` where there is no such chain.
 *
 * TLS says that there is a chain, and not which one it is. The chain that Node reports (`chainOf`) is linked by names alone,
 * from everything that the other end has sent: a certificate without a valid signature, with the name of an intermediate,
 * would take its place, and hide it and the root above it.
 */
export function proveChain(
  found: readonly Uint8Array[],
  { caCertificates, now, accept = () => true }: ChainBasis,
): readonly Uint8Array[] | undefined {
  const [leaf, ...shown] = found;
  if (!leaf) return undefined;
  let signaturesLeft = maximumSignatures;
  return climb([leaf], leafOf(leaf));

  /** Goes up from `top`, the last certificate of `chain`: to a root, or to a certificate from which there is a way to one. */
  function climb(chain: readonly Uint8Array[], top: X509Certificate): readonly Uint8Array[] | undefined {
    if (chain.length > maximumIssuers) return undefined;
    for (const root of caCertificates) {
      if (isIssued(top, read(root)) && accept([...chain.slice(1), root])) return [...chain, root];
    }
    for (const der of shown) {
      if (isIn(chain, der) || isIn(caCertificates, der)) continue;
      const above = read(der);
      const whole = isIssued(top, above) ? climb([...chain, der], above) : undefined;
      if (whole) return whole;
    }
    return undefined;
  }

  function isIssued(certificate: X509Certificate, by: X509Certificate | undefined): by is X509Certificate {
    // What costs least comes first. The names of most certificates do not match.
    if (!by || !certificate.checkIssued(by) || !isValid(by, now)) return false;
    signaturesLeft -= 1;
    return signaturesLeft >= 0 && certificate.verify(by.publicKey);
  }
}

function read(der: Uint8Array): X509Certificate | undefined {
  try {
    return issuer(der);
  } catch {
    return undefined; // Nothing was issued by it.
  }
}

function isValid({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now < Date.parse(validTo);
}

function isIn(chain: readonly Uint8Array[], der: Uint8Array): boolean {
  return chain.some((known) => Buffer.compare(known, der) === 0);
}
