import type { Reason } from "../base/reason.js";
import { type Certificate, parseCertificate } from "./certificate.js";
import { remember } from "./remember.js";

const parseIssuer = remember(parseCertificate);
const spiffeUri = /^spiffe:/i;

/**
 * Checks the certificates above a leaf (DER, in the order of the proved chain, the root last). Each has to be a CA that may
 * sign certificates, strong, and with no more CAs below it than it allows. One that names a trust domain (X.509-SVID, section
 * 3.2) has to name this one, and nothing within it. Gives the fault, if any.
 */
export function checkIssuers(issuers: readonly Uint8Array[], trustDomain: string): Reason | undefined {
  let below = 0;
  for (const [i, der] of issuers.entries()) {
    let certificate: Certificate;
    try {
      certificate = parseIssuer(der);
    } catch {
      return "CERTIFICATE_MALFORMED";
    }
    // RFC 5280, section 6.1.4: (k) to (n). A key usage that is absent restricts nothing (section 4.2.1.3).
    if (!certificate.isCa || !certificate.mayIssue || below > certificate.pathLength) return "CERTIFICATE_UNTRUSTED";
    // A root is believed for itself, not for its signature.
    const isRoot = i === issuers.length - 1;
    if (!certificate.strongKey || !(isRoot || certificate.strongSignature)) return "CERTIFICATE_WEAK";
    // Other URIs, of a page about the CA for example, name no trust domain.
    const named = certificate.uris.filter((uri) => spiffeUri.test(uri));
    if (named.some((uri) => uri !== `spiffe://${trustDomain}`)) return "TRUST_DOMAIN_MISMATCH";
    if (!certificate.selfIssued) below += 1;
  }
  return undefined;
}
