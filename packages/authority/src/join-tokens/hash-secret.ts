import { createHash } from "node:crypto";

/**
 * Returns the hash of a join token's secret that is stored: SHA-256, base64url. The secret has 256 random bits, so a
 * plain hash is enough, and the timing of a look-up of the hash reveals nothing about the secret.
 */
export function hashSecret(secret: Uint8Array): string {
  return createHash("sha256").update(secret).digest("base64url");
}
