import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type { Identity } from "./identity.js";
import { certificatesToPem } from "./pem.js";

/**
 * The TLS options of an identity, as client and as server: 1.3 only, and only the fleet's CAs are believed. The set is
 * complete, because a server that gets a new context keeps nothing of the old one.
 */
export function tlsContext(identity: Pick<Identity, "chain" | "privateKey">, caCertificates: readonly Uint8Array[]) {
  return {
    key: identity.privateKey,
    cert: certificatesToPem(identity.chain),
    // A list: Node takes an empty list for no CA at all, and an empty string for its own web roots.
    ca: caCertificates.map((der) => certificatesToPem([der])),
    minVersion: "TLSv1.3",
    // A resumed session would skip the certificate, which may have expired or been revoked in between.
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionTimeout: 1,
  } as const satisfies SecureContextOptions;
}
