import type { Implementation } from "@interlock/bot";
import type { AdminService } from "@interlock/bot/protocol";
import type { AdminParts } from "./admin/admin-parts.js";
import { approvalHandlers } from "./admin/approvals.js";
import { auditRunHandlers } from "./admin/audit-runs.js";
import { botHandlers } from "./admin/bots.js";
import { caHandlers } from "./admin/cas.js";
import { delegationHandlers } from "./admin/delegations.js";
import { federationHandlers } from "./admin/federation.js";
import { grantHandlers } from "./admin/grants.js";
import { instanceHandlers } from "./admin/instances.js";
import { joinTokenHandlers } from "./admin/join-tokens.js";
import { keyHandlers } from "./admin/keys.js";
import { logHandlers } from "./admin/log.js";
import { reportHandlers } from "./admin/reports.js";
import { retirementHandlers } from "./admin/retirement.js";
import { revocationHandlers } from "./admin/revocations.js";
import { usageHandlers } from "./admin/usage.js";

/** Creates the AdminService, for the operators of the fleet. */
export function createAdminService(parts: AdminParts): Implementation<typeof AdminService> {
  return {
    ...joinTokenHandlers(parts),
    ...botHandlers(parts),
    ...grantHandlers(parts),
    ...revocationHandlers(parts),
    ...retirementHandlers(parts),
    ...federationHandlers(parts),
    ...delegationHandlers(parts),
    ...approvalHandlers(parts),
    ...keyHandlers(parts),
    ...caHandlers(parts),
    ...reportHandlers(parts),
    ...usageHandlers(parts),
    ...instanceHandlers(parts),
    ...logHandlers(parts),
    ...auditRunHandlers(parts),
  };
}
