/** The leases that a worker has taken, so that it takes none twice. */
export interface TakenLeases {
  /** Adds a lease token. False when it was added before, and is not forgotten. */
  add(leaseToken: bigint): boolean;
}

/** How many are remembered at least, and twice as many at most: far more than can be taken while a leader's answer is on its way. */
const kept = 10_000;

/** Creates an empty list. */
export function createTakenLeases(): TakenLeases {
  let recent = new Set<bigint>();
  let older: ReadonlySet<bigint> = recent;
  return {
    add(leaseToken) {
      if (recent.has(leaseToken) || older.has(leaseToken)) return false;
      recent.add(leaseToken);
      if (recent.size >= kept) {
        older = recent;
        recent = new Set();
      }
      return true;
    },
  };
}
