import { createHash } from "node:crypto";

/**
 * Computes the fingerprint of a finding: 32 hexadecimal digits of SHA-256 over its rule and its subject. No line, message or
 * time is in it, so it stays the same when a file is edited elsewhere.
 */
export function fingerprint({ rule, subject }: { readonly rule: string; readonly subject: string }): string {
  return createHash("sha256").update(`${rule}\n${subject}`).digest("hex").slice(0, 32);
}
