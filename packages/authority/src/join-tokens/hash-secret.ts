import { createHash } from "node:crypto";

/**
 * What is kept of a join token's secret: SHA-256, base64url. The secret has 256 random bits, so a plain hash is enough,
 * and looking the hash up tells nothing of the secret by its timing.
 */
export function hashSecret(secret: Uint8Array): string {
  return createHash("sha256").update(secret).digest("base64url");
}
