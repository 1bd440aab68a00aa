import { parseSpiffeId, type SpiffeId } from "@interlock/policy";
import type { Reason } from "../base/reason.js";
import type { Certificate } from "./certificate.js";

/** The values that a leaf is checked against, besides its chain. */
export interface CertificateExpectation {
  /** The side of the connection that the peer is on. */
  readonly peer: "client" | "server";
  readonly trustDomain: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const usageOf = { client: "1.3.6.1.5.5.7.3.2", server: "1.3.6.1.5.5.7.3.1" } as const;

/**
 * Checks a leaf by the X.509-SVID specification (sections 4 and 5): valid now, no CA, for this side of a connection, with a
 * key that may sign and is strong, exactly one URI, which is a SPIFFE ID of the trust domain. Gives the identity, or the
 * reason why there is none.
 */
export function checkCertificate(
  certificate: Certificate,
  { peer, trustDomain, now }: CertificateExpectation,
): SpiffeId | Reason {
  if (now >= certificate.notAfter) return "CERTIFICATE_EXPIRED";
  if (now < certificate.notBefore) return "CERTIFICATE_NOT_YET_VALID";
  if (certificate.isCa || certificate.maySign) return "CERTIFICATE_IS_CA";
  if (!certificate.usages.includes(usageOf[peer])) return "CERTIFICATE_WRONG_USAGE";
  if (!certificate.mayAuthenticate) return "CERTIFICATE_WRONG_USAGE";
  if (!certificate.strongKey || !certificate.strongSignature) return "CERTIFICATE_WEAK";
  const [uri] = certificate.uris;
  const id = certificate.uris.length === 1 && uri !== undefined ? parseSpiffeId(uri) : undefined;
  if (!id) return "CERTIFICATE_WITHOUT_SPIFFE_ID";
  return id.trustDomain === trustDomain ? id : "TRUST_DOMAIN_MISMATCH";
}
