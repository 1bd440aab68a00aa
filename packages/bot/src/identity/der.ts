/** One element of ASN.1, in its distinguished encoding (X.690). */
export interface DerElement {
  /** The identifier octet: class, primitive or constructed, number. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** The elements in its content; a primitive element has none. */
  readonly children: readonly DerElement[];
}

/** The tags of the universal class (X.680, section 8.4) that a certificate uses. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

// Bounds: deeper, and longer, than any certificate in use.
const maximumDepth = 24;
const maximumOidLength = 255;

const goesOn = 0x80;

/**
 * Reads `bytes` as exactly one element. Throws an `Error` when they are not strict DER: every length definite, in the fewest
 * bytes, and filled (X.690, sections 8.1.3 and 10.1). Parsers ignore much of that, each in its own way; where two parsers
 * read a certificate, as OpenSSL and this one do, they could read two different ones.
 */
export function readDer(bytes: Uint8Array): DerElement {
  const [element, ...more] = readElements(bytes, 0);
  if (!element || more.length > 0) throw new Error("there is not exactly one ASN.1 element");
  return element;
}

/** The elements of a SEQUENCE OF. */
export function listOf(element: DerElement | undefined): readonly DerElement[] {
  return expectTag(element, tags.sequence).children;
}

/** The fields of a SEQUENCE, read one after the other. */
export interface DerFields {
  /** Reads the next field, which has to have this tag. */
  next(tag: number): DerElement;
  /** Reads the next field, if it has this tag. */
  optional(tag: number): DerElement | undefined;
}

/** Reads a whole SEQUENCE, as in `readSequence(pair, ({ next }) => [next(2), next(2)])`. Throws when a field is left over. */
export function readSequence<T>(element: DerElement | undefined, read: (fields: DerFields) => T): T {
  const left = [...listOf(element)];
  const result = read({
    next: (tag) => expectTag(left.shift(), tag),
    optional: (tag) => (left[0]?.tag === tag ? left.shift() : undefined),
  });
  if (left.length > 0) throw new Error("an ASN.1 sequence has a field that does not belong there");
  return result;
}

/** Reads a BOOLEAN DEFAULT FALSE. DER has one byte for true; other readers take every other byte but 0 for true as well. */
export function isTrue(element: DerElement | undefined): boolean {
  if (!element) return false;
  const { content } = expectTag(element, tags.boolean);
  if (content.length !== 1) throw new Error("an ASN.1 boolean is not of one byte");
  return content[0] !== 0;
}

/** Reads the bytes of a BIT STRING. The unused bits of the last byte have to be 0 (X.690, section 11.2.1). */
export function bitsOf(element: DerElement): Uint8Array {
  const [unused = 8, ...bytes] = expectTag(element, tags.bitString).content;
  const last = bytes.at(-1) ?? 0xff;
  if (unused > 7 || (last & ((1 << unused) - 1)) !== 0) throw new Error("an ASN.1 bit string has unused bits in it");
  return Uint8Array.from(bytes);
}

/** Reads an OBJECT IDENTIFIER (X.690, section 8.19), for example `"2.5.29.17"`. Its numbers may have any size. */
export function oidOf(element: DerElement): string {
  const { content } = expectTag(element, tags.oid);
  if (content.length > maximumOidLength || (content.at(-1) ?? goesOn) >= goesOn)
    throw new Error("an ASN.1 object identifier is too long, or is cut short");
  const [first = 0n, ...rest] = numbersOf(content);
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...rest].join(".");
}

/** Reads numbers in digits of seven bits; the eighth bit says that the number continues. */
function numbersOf(content: Uint8Array): bigint[] {
  const numbers: bigint[] = [];
  let number = 0n;
  for (const byte of content) {
    if (number === 0n && byte === goesOn) throw new Error("an ASN.1 object identifier has more bytes than it takes");
    number = number * 128n + BigInt(byte % goesOn);
    if (byte >= goesOn) continue;
    numbers.push(number);
    number = 0n;
  }
  return numbers;
}

function readElements(bytes: Uint8Array, depth: number): DerElement[] {
  const found: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number;
    if (depth > maximumDepth || (tag & 0x1f) === 0x1f)
      throw new Error("an ASN.1 element is nested too deeply, or has a long tag");
    const { start, length } = readLength(bytes, at + 1);
    const end = start + length;
    if (end > bytes.length) throw new Error("an ASN.1 element is longer than what it stands in");
    const content = bytes.subarray(start, end);
    found.push({ tag, content, children: (tag & 0x20) === 0 ? [] : readElements(content, depth + 1) });
    at = end;
  }
  return found;
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

function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag === tag) return element;
  const found = element ? `of tag ${element.tag}` : "missing";
  throw new Error(`an ASN.1 element is ${found} where one of tag ${tag} belongs`);
}
