/** The tag of a SEQUENCE, which every certificate is. */
const sequence = 0x30;

/**
 * Splits concatenated DER into its certificates, without reading them. Throws an `Error` when the bytes do not end where the last
 * one ends, and when there are more than `maximum`.
 */
export function splitDer(bytes: Uint8Array, maximum: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (found.length === maximum) throw new Error(`holds more than ${maximum} certificates`);
    const end = endOf(bytes, at);
    found.push(Uint8Array.from(bytes.subarray(at, end))); // A copy: else one certificate would keep the whole message.
    at = end;
  }
  return found;
}

function endOf(bytes: Uint8Array, at: number): number {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag !== sequence || first === undefined) throw new Error("is no list of certificates in DER");
  // One byte up to 127; or the number of bytes that follow, of which a certificate needs two, or three.
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (first >= 0x80 && (count < 1 || count > 3)) throw new Error("is no list of certificates in DER");
  let length = count === 0 ? first : 0;
  for (const byte of bytes.subarray(at + 2, at + 2 + count)) length = length * 256 + byte;
  const end = at + 2 + count + length;
  if (end > bytes.length) throw new Error("ends within a certificate");
  return end;
}
