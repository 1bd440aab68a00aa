/** A lease token as people read it: the epoch of the leader that gave it, and its number in that. */
export function leaseName(leaseToken: bigint): string {
  return `${leaseToken >> 32n}·${leaseToken & 0xffff_ffffn}`;
}
