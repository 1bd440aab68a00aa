/** The key that is waiting for its certificate, from `interlock ca csr` to `interlock ca import`. */
export const requestKeyName = "ca-request.key";

/** What the private key of a root is called: with `interlock ca export-root`, it is taken away. */
export function rootKeyName(digest: string): string {
  return `ca-root-${caId(digest).slice(0, 16)}.key`;
}

/** What the private key of an intermediate is called. */
export function intermediateKeyName(digest: string): string {
  return `ca-${caId(digest).slice(0, 16)}.key`;
}

/** What a CA certificate is called among people: the SHA-256 over its DER in hex, of which they give the beginning. */
export function caId(digest: string): string {
  return Buffer.from(digest, "base64url").toString("hex");
}
