import type { Implementation } from "@interlock/bot";
import type { AdminService } from "@interlock/bot/protocol";
import type { AdminParts } from "./admin/admin-parts.js";
import { botHandlers } from "./admin/bots.js";
import { caHandlers } from "./admin/cas.js";
import { grantHandlers } from "./admin/grants.js";
import { joinTokenHandlers } from "./admin/join-tokens.js";
import { keyHandlers } from "./admin/keys.js";
import { logHandlers } from "./admin/log.js";
import { reportHandlers } from "./admin/reports.js";
import { revocationHandlers } from "./admin/revocations.js";

/** Creates the AdminService, for the operators of the fleet. */
export function createAdminService(parts: AdminParts): Implementation<typeof AdminService> {
  return {
    ...joinTokenHandlers(parts),
    ...botHandlers(parts),
    ...grantHandlers(parts),
    ...revocationHandlers(parts),
    ...keyHandlers(parts),
    ...caHandlers(parts),
    ...reportHandlers(parts),
    ...logHandlers(parts),
  };
}
