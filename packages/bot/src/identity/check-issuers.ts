import type { Reason } from "../base/reason.js";
import { type Certificate, parseCertificate } from "./certificate.js";
import { remember } from "./remember.js";

const parseIssuer = remember(parseCertificate);

/**
 * Checks the certificates above a leaf (DER, in the order of the proved chain). Each has to be a CA that may sign. One that
 * names a trust domain (X.509-SVID, section 3.2) has to name this one, and nothing within it. Gives the fault, if any.
 */
export function checkIssuers(issuers: readonly Uint8Array[], trustDomain: string): Reason | undefined {
  for (const der of issuers) {
    let certificate: Certificate;
    try {
      certificate = parseIssuer(der);
    } catch {
      return "CERTIFICATE_MALFORMED";
    }
    if (!certificate.isCa || !certificate.maySign) return "CERTIFICATE_UNTRUSTED";
    if (certificate.uris.some((uri) => uri !== `spiffe://${trustDomain}`)) return "TRUST_DOMAIN_MISMATCH";
  }
  return undefined;
}
