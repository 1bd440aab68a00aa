/** The addresses of all leaders, and the one to try now. */
export interface Rotation {
  readonly current: string;
  /** Moves on to the next leader, because this one does not lead or does not answer. */
  pass(address: string): void;
}

/** Creates a rotation over the addresses, from the first. */
export function createRotation(addresses: readonly string[]): Rotation {
  if (addresses.length === 0) throw new TypeError("Name the address of at least one leader.");
  let index = 0;
  const at = (i: number) => addresses[i % addresses.length] as string;
  return {
    get current() {
      return at(index);
    },
    pass(address) {
      // Two callers that notice at the same time move on once.
      if (at(index) === address) index++;
    },
  };
}
