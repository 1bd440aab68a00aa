import { type Grant, type Grants, grantKey } from "@interlock/policy/grants";
import type { GrantVersion } from "../inputs/fleet.js";

/** Says since when a grant of the current ones has been in force without a break, in milliseconds since the epoch. */
export type HeldSince = (grant: Grant) => number;

/**
 * Creates the function from the versions on record. A grant of the oldest version counts from when that was applied, though it may
 * be older; one that no version has is new.
 */
export function createAges(versions: readonly GrantVersion[], current: Grants, now: number): HeldSince {
  const since = new Map<string, number>();
  let open = new Set(current.map(grantKey));
  for (const { appliedAt, grants } of versions.toSorted((a, b) => b.version - a.version)) {
    const held = new Set(grants.map(grantKey));
    open = new Set([...open].filter((key) => held.has(key)));
    if (open.size === 0) break;
    for (const key of open) since.set(key, appliedAt);
  }
  return (grant) => since.get(grantKey(grant)) ?? now;
}
