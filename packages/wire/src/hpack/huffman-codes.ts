/** The symbol that ends a string. It is never sent: its first bits fill up the last octet (RFC 7541, section 5.2). */
export const endOfString = 256;

/** The length in bits of each octet's code, and of `endOfString` (RFC 7541, appendix B, the column "len in bits"). */
// biome-ignore format: 16 symbols to a line.
export const huffmanLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/**
 * Works out the code of each symbol, in its lowest bits. The lengths determine the codes, since the code is canonical (RFC 7541,
 * appendix B): in the order of length and then of symbol, each code is the one before it plus one.
 */
export function createHuffmanCodes(): readonly number[] {
  const codes = huffmanLengths.map(() => 0);
  const longest = Math.max(...huffmanLengths);
  let next = 0;
  for (let length = 1; length <= longest; length++) {
    next *= 2;
    for (const [symbol, itsLength] of huffmanLengths.entries()) {
      if (itsLength === length) codes[symbol] = next++;
    }
  }
  return codes;
}
