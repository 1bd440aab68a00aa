import type { X509Certificate } from "node:crypto";

/** Whether a certificate was issued by the owner of another: by the names in both, and by the signature. */
export function isIssuedBy(certificate: X509Certificate, by: X509Certificate): boolean {
  return certificate.checkIssued(by) && certificate.verify(by.publicKey);
}
