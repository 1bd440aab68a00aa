import type { Grants } from "./grants.js";

/** A change of a grants file in the form in which it is carried out. */
export interface GrantsChangeSet {
  /** The keys of the grants that are taken away; see `grantKey`. */
  readonly gone: ReadonlySet<string>;
  /** What names get, and the pattern from which they get it, by name. */
  readonly added: ReadonlyMap<string, { readonly pattern: string; readonly grants: Grants }>;
}
