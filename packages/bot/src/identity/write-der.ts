import { tags } from "./der.js";

/** Writes an element in DER (X.690): its tag, its length in the fewest bytes, its content. */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const digits = digitsOf(BigInt(length), 256n);
  const head = length < 0x80 ? [length] : [0x80 + digits.length, ...digits];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}

/** Writes an OBJECT IDENTIFIER, for example `"2.5.29.17"`. */
export function writeOid(dotted: string): Buffer {
  const [root = 0n, second = 0n, ...rest] = dotted.split(".").map(BigInt);
  return writeDer(tags.oid, ...[root * 40n + second, ...rest].map(base128));
}

// Seven bits in each byte; the eighth says that the number continues.
function base128(number: bigint): Buffer {
  const digits = digitsOf(number, 128n);
  return Buffer.from(digits.map((digit, at) => (at < digits.length - 1 ? digit + 0x80 : digit)));
}

/** The digits of a number, the most significant first. */
function digitsOf(number: bigint, base: bigint): number[] {
  const last = Number(number % base);
  return number < base ? [last] : [...digitsOf(number / base, base), last];
}
