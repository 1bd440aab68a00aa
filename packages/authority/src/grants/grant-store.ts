import { InterlockError } from "@interlock/bot";
import type { Store } from "../store/store.js";
import { builtInGrants } from "./built-in-grants.js";
import { diffGrants, type GrantChange } from "./diff-grants.js";
import type { Grants } from "./grants.js";
import { parseGrants } from "./parse-grants.js";

/** What came of applying grants. */
export interface AppliedGrants {
  readonly changes: readonly GrantChange[];
  /** The version in force now. */
  readonly version: number;
}

/** The grants in force, and how to change them. */
export interface GrantStore {
  /** In force now, with those that are built in. */
  current(): Grants;
  /** The file as it was applied, and its version; empty and 0 before the first. */
  file(): { readonly yaml: string; readonly version: number };
  /** Takes over what another authority on the store has applied. */
  refresh(): Promise<void>;
  /** What applying `yaml` would change. Throws `GRANTS_INVALID`. */
  preview(yaml: string): AppliedGrants;
  /** The text of a version. Rejects with `NOT_FOUND`. */
  version(version: number): Promise<string>;
  /**
   * Replaces the grants. Every version is kept. What it takes away is worth nothing in tokens that are out there as soon
   * as the trust hub is refreshed. Rejects with `GRANTS_INVALID`, and then nothing has changed.
   */
  apply(yaml: string, appliedBy: string, now: number): Promise<AppliedGrants>;
}

/** Opens the grants of a store. */
export async function openGrantStore(store: Store): Promise<GrantStore> {
  let file = { yaml: "", version: 0 };
  let grants: Grants = [];

  // Of two that were applied at once, the later version stays in force.
  function take(applied: { readonly yaml: string; readonly version: number }, parsed?: Grants): void {
    if (applied.version <= file.version) return;
    grants = parsed ?? parseGrants(applied.yaml);
    file = { yaml: applied.yaml, version: applied.version };
  }

  async function refresh(): Promise<void> {
    const latest = await store.grantVersions.latest();
    if (latest) take(latest);
  }

  await refresh();
  return {
    refresh,
    current: () => [...builtInGrants, ...grants],
    file: () => file,
    preview: (yaml) => ({ changes: diffGrants(grants, parseGrants(yaml)), version: file.version }),
    async version(version) {
      const found = await store.grantVersions.find(version);
      if (found) return found.yaml;
      throw new InterlockError("NOT_FOUND", `There is no version ${version}: see "interlock grants history".`);
    },
    async apply(yaml, appliedBy, now) {
      const after = parseGrants(yaml);
      const applied = await store.transaction(async ({ grantVersions, fleet, auditLog }) => {
        const before = await grantVersions.latest();
        const changes = diffGrants(before ? parseGrants(before.yaml) : [], after);
        if (before?.yaml === yaml) return { changes, version: before.version };
        const version = (before?.version ?? 0) + 1;
        await grantVersions.add({ version, yaml, appliedAt: now, appliedBy });
        const lost = changes.filter(({ added }) => !added).length;
        const details = { version, gained: changes.length - lost, lost };
        await auditLog.append({ at: now, kind: "grants", actor: appliedBy, subject: "grants", details });
        if (lost > 0) await fleet.nextTrustVersion();
        return { changes, version };
      });
      take({ yaml, version: applied.version }, after);
      return applied;
    },
  };
}
