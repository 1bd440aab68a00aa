import { InterlockError } from "@interlock/bot";
import { builtInGrants } from "@interlock/bot/internal";
import { diffGrants, type GrantChange, type Grants } from "@interlock/policy/grants";
import type { Store } from "../store/store.js";
import { checkConditions } from "./check-conditions.js";
import { keepOperator, type OperatorGuard } from "./keep-operator.js";
import { readGrants } from "./read-grants.js";

/** The result of applying grants. */
export interface AppliedGrants {
  /** The scopes that are gained and lost. */
  readonly changes: readonly GrantChange[];
  /** The version in force now. */
  readonly version: number;
}

/** The grants in force and every earlier version. */
export interface GrantStore {
  /** The grants in force, with the built-in ones. */
  current(): Grants;
  /** The file in force and its version; empty and 0 before the first. */
  file(): { readonly yaml: string; readonly version: number };
  /** Loads what another authority on the store has applied. */
  refresh(): Promise<void>;
  /** Returns what applying `yaml` would change. Throws `GRANTS_INVALID`. */
  preview(yaml: string): AppliedGrants;
  /** Returns the file of a version. Rejects with `NOT_FOUND`. */
  version(version: number): Promise<string>;
  /**
   * Replaces the grants and keeps every version. The scopes that it withdraws become invalid in issued tokens as soon
   * as the trust hub is refreshed. Rejects with `GRANTS_INVALID`, or with
   * `LAST_OPERATOR` as `guard` says, or with `ABORTED` when another version than `replaces` is in force, and then changes
   * nothing. Default: no guard, and any version.
   */
  apply(yaml: string, appliedBy: string, now: number, guard?: OperatorGuard, replaces?: number): Promise<AppliedGrants>;
}

/** Opens the grants of a store. */
export async function openGrantStore(store: Store): Promise<GrantStore> {
  let file = { yaml: "", version: 0 };
  let grants: Grants = [];

  // When two are applied at once, the later version stays in force.
  function take(applied: { readonly yaml: string; readonly version: number }, parsed?: Grants): void {
    if (applied.version <= file.version) return;
    grants = parsed ?? readGrants(applied.yaml);
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
    preview(yaml) {
      const after = readGrants(yaml);
      checkConditions(yaml);
      return { changes: diffGrants(grants, after), version: file.version };
    },
    async version(version) {
      const found = await store.grantVersions.find(version);
      if (found) return found.yaml;
      throw new InterlockError(
        "NOT_FOUND",
        `There is no version ${version} of the grants. List them with "interlock grants history".`,
      );
    },
    async apply(yaml, appliedBy, now, guard, replaces) {
      const after = readGrants(yaml);
      checkConditions(yaml);
      const applied = await store.transaction(async (records) => {
        const { grantVersions, fleet, auditLog } = records;
        const before = await grantVersions.latest();
        const inForce = before?.version ?? 0;
        if (replaces !== undefined && replaces !== inForce) throw changedMeanwhile(replaces, inForce);
        const changes = diffGrants(before ? readGrants(before.yaml) : [], after);
        if (before?.yaml === yaml) return { changes, version: before.version };
        if (guard) await keepOperator(records, { kind: "grants", grants: after }, guard, now);
        const version = inForce + 1;
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

function changedMeanwhile(replaces: number, inForce: number): InterlockError {
  return new InterlockError(
    "ABORTED",
    `Version ${inForce} of the grants is in force, and this change was made from version ${replaces}: look at it again.`,
  );
}
