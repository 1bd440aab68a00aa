import fc from "fast-check";

/** One change of a text of bytes: a byte that is another, some that are gone, some that are twice there. */
export const byteChange = fc.record({
  kind: fc.constantFrom("set", "cut", "repeat"),
  // A millionth part of the length; fractions would nearly all lie at its beginning.
  at: fc.nat(999_999),
  length: fc.integer({ min: 1, max: 8 }),
  byte: fc.integer({ min: 0, max: 255 }),
});

export type ByteChange = typeof byteChange extends fc.Arbitrary<infer T> ? T : never;

/** The bytes with that change made. */
export function changed(bytes: Uint8Array, { kind, at, length, byte }: ByteChange): Buffer {
  const position = Math.floor((at * bytes.length) / 1_000_000);
  const [before, after] = [bytes.subarray(0, position), bytes.subarray(position)];
  if (kind === "set") return Buffer.concat([before, Buffer.of(byte), after.subarray(1)]);
  if (kind === "cut") return Buffer.concat([before, after.subarray(length)]);
  return Buffer.concat([before, after.subarray(0, length), after]);
}
