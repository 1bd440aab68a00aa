/** Writes a value of a header whose name ends in "-bin": base64 without padding (PROTOCOL-HTTP2, "Binary-Header"). */
export function encodeBinary(bytes: Uint8Array): string {
  return unpadded(base64(bytes));
}

/**
 * Reads the values of a header whose name ends in "-bin", with or without padding. A header may have several values, joined by
 * commas.
 *
 * @returns The values in their order, at least one, of which each may be empty; `undefined` where one of them is not base64 as
 * an encoder writes it: a character of another alphabet, a length that cannot be, unused bits that are not 0.
 */
export function decodeBinary(value: string): readonly Buffer[] | undefined {
  const values: Buffer[] = [];
  for (const part of value.split(",")) {
    const encoded = part.trim(); // A proxy joins with ", " (RFC 9110, section 5.3).
    const bytes = Buffer.from(encoded, "base64");
    // Node skips what is not base64, so only the way back shows that there was nothing to skip.
    const padded = base64(bytes);
    if (encoded !== padded && encoded !== unpadded(padded)) return undefined;
    values.push(bytes);
  }
  return values;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function unpadded(encoded: string): string {
  const end = encoded.indexOf("=", encoded.length - 2);
  return end < 0 ? encoded : encoded.slice(0, end);
}
