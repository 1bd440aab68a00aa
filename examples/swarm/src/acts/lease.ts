/** A lease token for people: the epoch of its leader, and its number in that epoch. */
export function leaseName(leaseToken: bigint): string {
  return `${leaseToken >> 32n}·${leaseToken & 0xffff_ffffn}`;
}
