import { constants } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type { Identity } from "./identity.js";
import { certificatesToPem } from "./pem.js";

/**
 * How an identity speaks TLS, as client and as server: 1.3 only, and nobody is believed but the fleet's CA. Complete,
 * because a server that is given a new context keeps nothing of the old one.
 */
export function tlsContext(identity: Pick<Identity, "chain" | "privateKey">, caCertificates: readonly Uint8Array[]) {
  return {
    key: identity.privateKey,
    cert: certificatesToPem(identity.chain),
    // One by one: for no CA at all, Node takes an empty list for none, and an empty string for its own web roots.
    ca: caCertificates.map((der) => certificatesToPem([der])),
    minVersion: "TLSv1.3",
    // A resumed session would skip the certificate, which may have expired or been revoked meanwhile.
    secureOptions: constants.SSL_OP_NO_TICKET,
    sessionTimeout: 1,
  } as const satisfies SecureContextOptions;
}
