import { decodeHuffman } from "./huffman.js";
import { type Cursor, readInteger, writeInteger } from "./integer.js";
import { malformed } from "./malformed.js";

/** Reads a string literal (RFC 7541, section 5.2). */
export function readString(cursor: Cursor): string {
  const { bytes, end } = cursor;
  const isHuffman = cursor.at < end && (bytes[cursor.at] as number) >= 0x80;
  const length = readInteger(cursor, 7);
  const from = cursor.at;
  if (length > end - from) throw malformed("a string is longer than the rest of its block");
  cursor.at = from + length;
  return isHuffman ? decodeHuffman(bytes, from, cursor.at) : bytes.toString("latin1", from, cursor.at);
}

/** Writes a string literal, as it is. Returns where it ends. */
export function writeString(out: Buffer, at: number, text: string): number {
  const start = writeInteger(out, at, 0, 7, text.length);
  return start + out.write(text, start, "latin1");
}
