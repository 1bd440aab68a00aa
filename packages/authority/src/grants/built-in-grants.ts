import { AdminService } from "@interlock/bot/protocol";
import type { Grants } from "./grants.js";

/**
 * What holds whatever grants.yaml says: `operator/*` has every scope of the authority's AdminService. Without it, a
 * file that forgets the operators would lock everyone out for good.
 */
export const builtInGrants: Grants = [
  ...new Set(Object.values(AdminService.methods).flatMap((method) => method.policy.scopes)),
].map((scope) => ({ identity: "operator/*", service: AdminService.name, scope }));
