const form = /^[A-Za-z0-9_-]+$/;

/**
 * Reads base64url (RFC 4648, section 5) in its one canonical form: no padding, no white space, no character of another
 * alphabet, and no bits set that no byte uses (section 3.5). Decoders ignore all of that; then one value has many texts, and
 * what is compared or revoked by its text is not found again.
 *
 * @returns The bytes; `undefined` for every other text, and for none.
 */
export function readBase64url(text: unknown): Buffer | undefined {
  if (typeof text !== "string" || !form.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
