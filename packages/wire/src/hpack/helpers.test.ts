import { ConnectionError, errorCode } from "../frame/error-code.js";
import type { HeaderList } from "../header-list.js";
import { createDecoder, type DecodedBlock, type Decoder } from "./decoder.js";
import { type Encoder, maximumEncodedBytes } from "./encoder.js";
import { createHuffmanCodes, huffmanLengths } from "./huffman-codes.js";

// What the tests of this folder share. The name keeps it out of the package.

/** Reads bytes in hexadecimal, with or without spaces. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ""), "hex");
}

/** Decodes a whole buffer. It is put among other bytes, which must not be read. */
export function decodeAll(decoder: Decoder, block: Buffer): DecodedBlock | "too-large" {
  const bytes = Buffer.concat([Buffer.from([0x88, 0xff]), block, Buffer.from([0x88, 0xff])]);
  return decoder.decode(bytes, 2, bytes.length - 2);
}

/** Decodes a whole buffer to its list. */
export function listOf(decoder: Decoder, block: Buffer): HeaderList {
  const decoded = decodeAll(decoder, block);
  if (decoded === "too-large") throw new Error("the list is too large");
  return decoded.headers;
}

/** Tells the dynamic table of a decoder, the newest entry first, by asking for each entry until there is none. */
export function tableOf(decoder: Decoder): HeaderList {
  const entries: string[] = [];
  try {
    for (let index = 62; ; index++) {
      const block = index < 127 ? [0x80 | index] : [0xff, ...continuation(index - 127)];
      entries.push(...listOf(decoder, Buffer.from(block)));
    }
  } catch (error) {
    if (isCompressionError(error)) return entries;
    throw error;
  }
}

/** The octets of an integer after its prefix. */
export function continuation(rest: number): number[] {
  return rest < 0x80 ? [rest] : [(rest & 0x7f) | 0x80, ...continuation(Math.floor(rest / 128))];
}

export function isCompressionError(error: unknown): boolean {
  return error instanceof ConnectionError && error.code === errorCode.compressionError;
}

/** Encodes a list into a buffer of its own, which has exactly the room that is asked for. */
export function encodeAll(encoder: Encoder, headers: HeaderList, recurring = false): Buffer {
  const room = maximumEncodedBytes(headers);
  const out = Buffer.alloc(room + 3, 0xa5);
  const end = encoder.encode(headers, out, 3, recurring);
  if (end > out.length) throw new Error("more bytes were needed than were asked for");
  return out.subarray(3, end);
}

/** A new decoder without bounds. */
export function boundless(): Decoder {
  return createDecoder({ maximumListBytes: Number.POSITIVE_INFINITY, maximumFields: Number.POSITIVE_INFINITY });
}

const huffmanCodes = createHuffmanCodes();

/** Encodes symbols in Huffman codes, the last octet filled up with `padding`. */
export function encodeHuffman(symbols: Iterable<number>, padding = "1"): Buffer {
  let bits = "";
  for (const symbol of symbols) {
    bits += (huffmanCodes[symbol] as number).toString(2).padStart(huffmanLengths[symbol] as number, "0");
  }
  while (bits.length % 8 !== 0) bits += padding;
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}
