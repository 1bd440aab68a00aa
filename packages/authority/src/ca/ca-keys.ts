/** The name of the key that waits for its certificate, from `interlock ca csr` to `interlock ca import`. */
export const requestKeyName = "ca-request.key";

/** Returns the name of a root's private key, which `interlock ca export-root` moves out. */
export function rootKeyName(digest: string): string {
  return `ca-root-${caId(digest).slice(0, 16)}.key`;
}

/** Returns the name of an intermediate's private key. */
export function intermediateKeyName(digest: string): string {
  return `ca-${caId(digest).slice(0, 16)}.key`;
}

/** Returns the id of a CA certificate for operators: SHA-256 over its DER, hex. A prefix names it. */
export function caId(digest: string): string {
  return Buffer.from(digest, "base64url").toString("hex");
}
