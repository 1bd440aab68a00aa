/** The size of a slab, in bytes: a few of TLS's records. */
export const slabBytes = 65_536;

/** The slabs that are kept for the next connection that writes: 4 MiB. */
const maximumKept = 64;

const kept: Buffer[] = [];

/** Takes a buffer to write in. */
export function takeSlab(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
}

/** Gives a buffer back that nobody reads any more. */
export function returnSlab(slab: Buffer): void {
  if (kept.length < maximumKept) kept.push(slab);
}
