import { X509Certificate } from "node:crypto";

/** What a trust domain publishes. */
export interface PublishedBundle {
  /** The CA certificates, DER. */
  readonly caCertificates: readonly Uint8Array[];
  /** Grows with every change of the bundle. */
  readonly sequence: bigint;
  /** How often others should look, in seconds. Default: 60. */
  readonly refreshHintSeconds?: number;
}

/**
 * Writes the bundle of the own trust domain (SPIFFE Trust Domain and Bundle, section 4): a key for each CA certificate.
 *
 * The keys that sign tokens are not among them. As `jwt-svid` they would say that a token is a JWT-SVID, and it is none: its type is
 * `at+jwt` (JWT-SVID, section 2.3, allows `JWT` and `JOSE`), and it is for one service, with scopes, and bound to a certificate. A
 * verifier that knows JWT-SVIDs only, and does not look at the type, would take a stolen token from anybody as the proof of an
 * identity. Clients of this authority find the keys at `/jwks`.
 *
 * @returns JSON.
 */
export function formatTrustBundle({ caCertificates, sequence, refreshHintSeconds = 60 }: PublishedBundle): string {
  const keys = caCertificates.map((der) => ({
    // X.509-SVID, section 6.1: no `kid`, and exactly one certificate.
    use: "x509-svid",
    ...new X509Certificate(der).publicKey.export({ format: "jwk" }),
    x5c: [Buffer.from(der).toString("base64")],
  }));
  // The sequence is written as it is: `JSON.stringify` takes no bigint, and a number would be rounded.
  return `{"keys":${JSON.stringify(keys)},"spiffe_sequence":${sequence},"spiffe_refresh_hint":${refreshHintSeconds}}`;
}
