import type { Scope } from "@interlock/policy";
import type { Grants } from "@interlock/policy/grants";
import { AdminService } from "../gen/interlock/authority/v1/admin_service_interlock.js";

const scopes = [...new Set(Object.values(AdminService.methods).flatMap((method) => method.policy.scopes))];
const grant = (identity: string) => (scope: Scope) => ({ identity, service: AdminService.name, scope });

/**
 * The grants that are always in force: `operator/*` holds every scope of the authority's AdminService, and `viewer/*` those that
 * read. Without them, a grants file without operators could never be replaced.
 */
export const builtInGrants: Grants = [
  ...scopes.map(grant("operator/*")),
  ...scopes.filter((scope) => scope.endsWith(":read")).map(grant("viewer/*")),
];

/** The scopes of the AdminService with which a mistake is undone: unrevoke, invite again, apply other grants. */
export const undoScopes: readonly Scope[] = ["bots:revoke", "bots:enroll", "grants:write"];
