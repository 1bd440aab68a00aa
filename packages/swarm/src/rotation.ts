/** The leaders that may lead, and the one to try now. */
export interface Rotation {
  readonly current: string;
  /** This one does not lead, or does not answer: the next is tried. */
  pass(address: string): void;
}

/** Makes a rotation over the addresses, from the first. */
export function createRotation(addresses: readonly string[]): Rotation {
  if (addresses.length === 0) throw new TypeError("There has to be the address of a leader.");
  let index = 0;
  const at = (i: number) => addresses[i % addresses.length] as string;
  return {
    get current() {
      return at(index);
    },
    pass(address) {
      // Two who notice at the same time move on once.
      if (at(index) === address) index++;
    },
  };
}
