import { X509Certificate } from "node:crypto";
import { isIssuedBy } from "../identity/is-issued-by.js";

const longestChain = 10;

/**
 * Whether a chain (DER, the leaf first) leads to one of `roots` by names and signatures. It is what TLS does with a
 * peer's; here it tells files that belong together from those of which some have been replaced already.
 */
export function leadsTo(chain: readonly Uint8Array[], roots: readonly Uint8Array[]): boolean {
  const [leaf, ...intermediates] = chain.map((der) => new X509Certificate(der));
  const anchors = roots.map((der) => new X509Certificate(der));
  let current = leaf;
  for (let depth = 0; current && depth < longestChain; depth++) {
    const child = current;
    const issued = (by: X509Certificate) => isIssuedBy(child, by);
    if (anchors.some((anchor) => anchor.raw.equals(child.raw) || issued(anchor))) return true;
    current = intermediates.find((candidate) => candidate !== child && issued(candidate));
  }
  return false;
}
