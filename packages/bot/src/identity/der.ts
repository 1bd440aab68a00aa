// Deeper than any certificate of this world.
const maximumDepth = 24;

/**
 * Throws unless `bytes` are exactly one element of DER, through and through: every length said, in the fewest bytes, and
 * filled (X.690, sections 8.1.3 and 10.1). Parsers pass over much of that, each in its own way; where two read a
 * certificate, as OpenSSL and ours do, they could read two different ones.
 */
export function checkDer(bytes: Uint8Array): void {
  if (readElement(bytes, 0, 0) !== bytes.length) throw new Error("bytes follow the end of an ASN.1 element");
}

/** The bytes after an element's tag and length. */
export function contentOf(element: Uint8Array): Uint8Array {
  return element.subarray(readLength(element, 1).start);
}

/** Checks the element at `at`, and gives where it ends. */
function readElement(bytes: Uint8Array, at: number, depth: number): number {
  const tag = bytes[at] ?? 0;
  if (depth > maximumDepth || (tag & 0x1f) === 0x1f)
    throw new Error("an ASN.1 element is nested too deeply, or has a long tag");
  const { start, length } = readLength(bytes, at + 1);
  const end = start + length;
  if (end > bytes.length) throw new Error("an ASN.1 element is longer than what it stands in");
  if ((tag & 0x20) === 0) return end;
  const content = bytes.subarray(0, end);
  let next = start;
  while (next < end) next = readElement(content, next, depth + 1);
  return end;
}

function readLength(bytes: Uint8Array, at: number): { start: number; length: number } {
  const first = bytes[at];
  if (first === undefined) throw new Error("an ASN.1 element has no length");
  if (first < 0x80) return { start: at + 1, length: first };
  const count = first & 0x7f;
  if (count === 0 || count > 3 || at + count >= bytes.length)
    throw new Error("an ASN.1 length is not said, or too long");
  let length = 0;
  for (let i = 1; i <= count; i++) length = length * 256 + (bytes[at + i] as number);
  if (length < 0x80 || length < 256 ** (count - 1)) throw new Error("an ASN.1 length has more bytes than it takes");
  return { start: at + 1 + count, length };
}
