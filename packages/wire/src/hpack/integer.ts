import { malformed } from "./malformed.js";

/** A place in a block. The functions that read there move `at` on, and never to more than `end`. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

// Bounds (RFC 7541, section 7.4). Nothing in a block needs more, and a number of this size is still exact.
const maximumInteger = 2 ** 31 - 1;
const maximumContinuation = 5;

/** Reads an integer that starts in the last `prefixBits` bits of an octet (RFC 7541, section 5.1). */
export function readInteger(cursor: Cursor, prefixBits: number): number {
  const { bytes, end } = cursor;
  if (cursor.at >= end) throw malformed("a block ends where an integer belongs");
  const limit = (1 << prefixBits) - 1;
  let value = (bytes[cursor.at++] as number) & limit;
  if (value < limit) return value;
  let unit = 1;
  for (let octets = 0; octets < maximumContinuation; octets++) {
    if (cursor.at >= end) throw malformed("a block ends within an integer");
    const octet = bytes[cursor.at++] as number;
    value += (octet & 0x7f) * unit; // Not a shift, which would wrap around at 2^31.
    if (value > maximumInteger) throw malformed("an integer is too large");
    if (octet < 0x80) return value;
    unit *= 128;
  }
  throw malformed("an integer is too long");
}

/** Writes `value` into the last `prefixBits` bits of `pattern`, and more octets as it needs them. Returns where it ends. */
export function writeInteger(out: Buffer, at: number, pattern: number, prefixBits: number, value: number): number {
  const limit = (1 << prefixBits) - 1;
  if (value < limit) {
    out[at] = pattern | value;
    return at + 1;
  }
  out[at++] = pattern | limit;
  let rest = value - limit;
  for (; rest >= 0x80; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at] = rest;
  return at + 1;
}
