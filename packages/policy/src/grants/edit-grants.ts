import { type Grant, type Grants, grantKey } from "./grants.js";
import type { GrantsChangeSet } from "./grants-change.js";
import { locateGrants, maximumGrantsLength, parseGrants } from "./parse-grants.js";
import { rewriteGrants } from "./rewrite-grants.js";
import { spliceGrants } from "./splice-grants.js";

/** A grant to an identity pattern that becomes one to each of several names. */
export interface NarrowedGrant extends Grant {
  /** Names, or narrower patterns; at least one. */
  readonly names: readonly string[];
}

/** What is changed in a grants file. */
export interface GrantsEdit {
  /** What is taken away. Grants that the file does not have are no fault. */
  readonly remove?: Grants;
  /** What becomes narrower. Those that the file does not have are left out. */
  readonly narrow?: readonly NarrowedGrant[];
}

/**
 * Takes grants out of a grants file. All else stays as it is written: order, quotes, spaces and comments. A comment in a
 * line that vanishes, or within an entry that vanishes, vanishes with it.
 *
 * @param yaml - The content of the file.
 * @param removed - The grants to take away.
 * @returns The new content; the same when the file has none of them.
 * @throws GrantsError when `yaml` is no grants file.
 *
 * @example
 * ```ts
 * removeGrants(yaml, [{ identity: "coffee/*", service: "cafe.v1.GripperService", scope: "gripper:actuate" }]);
 * ```
 */
export function removeGrants(yaml: string, removed: Grants): string {
  return editGrants(yaml, { remove: removed });
}

/**
 * Takes grants out of a grants file, and replaces patterns by names, as {@link removeGrants} does: the entry of each new
 * name stands where that of the pattern stands or stood, and has the comments within it.
 *
 * @param yaml - The content of the file.
 * @param edit - What is changed.
 * @returns The new content.
 * @throws GrantsError when `yaml` is no grants file, or when the result would be too long for one.
 */
export function editGrants(yaml: string, edit: GrantsEdit): string {
  const before = locateGrants(yaml);
  const has = new Set(before.map(grantKey));
  const narrow = (edit.narrow ?? []).filter((grant) => has.has(grantKey(grant)));
  const gone = new Set([...(edit.remove ?? []), ...narrow].map(grantKey));
  if (!before.some((grant) => gone.has(grantKey(grant)))) return yaml;
  const change: GrantsChangeSet = { gone, added: addedBy(narrow, (key) => has.has(key) && !gone.has(key)) };
  const expected = expectedGrants(before, change);
  const spliced = spliceGrants(yaml, change);
  if (spliced !== undefined && spliced.length > maximumGrantsLength) parseGrants(spliced); // Throws.
  if (spliced !== undefined && isSame(spliced, expected)) return spliced;
  // Written in a way that is rarely used: the library writes it anew, with the same comments and in the same order.
  const rewritten = rewriteGrants(yaml, change);
  parseGrants(rewritten); // Throws when it is too long.
  if (!isSame(rewritten, expected)) throw new Error("The grants file could not be edited; nothing was changed.");
  return rewritten;
}

/** What names get that they do not have. The pattern of a name is the first from which it gets something. */
function addedBy(narrow: readonly NarrowedGrant[], isHeld: (key: string) => boolean): GrantsChangeSet["added"] {
  const added = new Map<string, { readonly pattern: string; readonly grants: Grant[] }>();
  const told = new Set<string>();
  for (const { identity: pattern, service, scope, where, names } of narrow) {
    for (const identity of names) {
      const grant = { identity, service, scope, ...(where !== undefined && { where }) };
      const key = grantKey(grant);
      if (isHeld(key) || told.has(key)) continue;
      told.add(key);
      const grants = added.get(identity)?.grants ?? [];
      grants.push(grant);
      if (grants.length === 1) added.set(identity, { pattern, grants });
    }
  }
  return added;
}

function expectedGrants(before: Grants, { gone, added }: GrantsChangeSet): ReadonlySet<string> {
  const kept = before.map(grantKey).filter((key) => !gone.has(key));
  return new Set([...kept, ...[...added.values()].flatMap(({ grants }) => grants.map(grantKey))]);
}

function isSame(yaml: string, expected: ReadonlySet<string>): boolean {
  try {
    const got = parseGrants(yaml);
    return got.length === expected.size && got.every((grant) => expected.has(grantKey(grant)));
  } catch {
    return false;
  }
}
