/** How often bundles are fetched. */
export interface RefreshBounds {
  /** The shortest time between two fetches of a bundle, whatever it asks for, in milliseconds. Default: 60,000. */
  readonly floorMs?: number;
  /** The longest time, in milliseconds. Default: 86,400,000. */
  readonly capMs?: number;
}

/** The time between two fetches of a bundle without a hint, in milliseconds (SPIFFE Federation, section 4.1). */
export const refreshDefaultMs = 300_000;

/** The part of the time that is left out at random, so that authorities which began together do not ask together. */
const jitter = 0.1;

/**
 * Gives the time from one fetch of a bundle to the next, in milliseconds: what its refresh hint says, within bounds.
 *
 * @param hintSeconds - The hint of the bundle, if it has one.
 * @param part - A number from 0 to 1 for the jitter.
 */
export function refreshInterval(
  hintSeconds: number | undefined,
  { floorMs = 60_000, capMs = 86_400_000 }: RefreshBounds,
  part: number,
): number {
  const wanted = hintSeconds === undefined ? refreshDefaultMs : hintSeconds * 1_000;
  return Math.max(floorMs, Math.min(wanted, capMs) * (1 - jitter * part));
}
