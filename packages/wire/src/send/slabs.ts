/** The size of a slab, in bytes: a few of TLS's records. */
export const slabBytes = 65_536;

/** The size of a small slab, in bytes: what most connections have to say in a turn. */
export const smallSlabBytes = 4_096;

// The slabs that are kept for the next connection that writes: 4 MiB of each size. When a thousand connections are told the same
// thing in one turn, each needs one.
const large = { bytes: slabBytes, maximum: 64, kept: [] as Buffer[] };
const small = { bytes: smallSlabBytes, maximum: 1_024, kept: [] as Buffer[] };

/** Takes a buffer to write in. */
export function takeSlab(isLarge: boolean): Buffer {
  const { kept, bytes } = isLarge ? large : small;
  return kept.pop() ?? Buffer.allocUnsafeSlow(bytes);
}

/** Gives a buffer back that nobody reads any more. */
export function returnSlab(slab: Buffer): void {
  const { kept, maximum } = slab.length === slabBytes ? large : small;
  if (kept.length < maximum) kept.push(slab);
}
