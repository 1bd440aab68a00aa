/** What a character takes once it is percent-encoded, as gRPC sends the message of a status. */
function encodedLength(codePoint: number): number {
  if (codePoint < 0x80) return plain.test(String.fromCodePoint(codePoint)) ? 1 : 3;
  if (codePoint < 0x800) return 6;
  return codePoint < 0x10000 ? 9 : 12;
}

const plain = /^[A-Za-z0-9;,/?:@&=+$\-_.!~*'()#]$/;
const ellipsis = "…";
const longestEncoding = 9; // Of one UTF-16 code unit.

/**
 * Cuts `text` at a character, so that it takes at most `maximum` bytes percent-encoded; an ellipsis shows that it was cut. Half a
 * surrogate pair, which cannot be encoded, becomes U+FFFD.
 */
export function boundEncoded(text: string, maximum: number): string {
  return bound(text, maximum, longestEncoding, encodedLength);
}

/** Cuts `text` at a character, so that it takes at most `maximum` bytes of UTF-8; an ellipsis shows that it was cut. */
export function boundUtf8(text: string, maximum: number): string {
  return bound(text, maximum, 3, (codePoint) => {
    if (codePoint < 0x80) return 1;
    if (codePoint < 0x800) return 2;
    return codePoint < 0x10000 ? 3 : 4;
  });
}

function bound(text: string, maximum: number, longest: number, lengthOf: (codePoint: number) => number): string {
  if (text.length * longest <= maximum) return wellFormed(text);
  // No more is looked at than can fit: a text may be of any length.
  const start = wellFormed(text.slice(0, maximum + 1));
  const room = maximum - lengthOf(ellipsis.codePointAt(0) as number);
  let end = 0;
  let taken = 0;
  let cut = 0;
  for (const character of start) {
    taken += lengthOf(character.codePointAt(0) as number);
    if (taken <= room) cut = end + character.length;
    if (taken > maximum) return start.slice(0, cut) + ellipsis;
    end += character.length;
  }
  return start;
}

function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
