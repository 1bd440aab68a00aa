import { AdminService } from "@interlock/bot/protocol";
import type { Grants } from "@interlock/policy/grants";

/**
 * The grants that are always in force: `operator/*` holds every scope of the authority's AdminService. Without them, a
 * grants file without operators would leave nobody who can replace it.
 */
export const builtInGrants: Grants = [
  ...new Set(Object.values(AdminService.methods).flatMap((method) => method.policy.scopes)),
].map((scope) => ({ identity: "operator/*", service: AdminService.name, scope }));
