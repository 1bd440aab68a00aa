import type { Clock, Implementation, Log } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";
import type { AuthorityService } from "@interlock/bot/protocol";
import { requestApproval } from "../approvals/request-approval.js";
import type { Store } from "../store/store.js";
import { approvalToWire } from "./to-wire.js";

/** What the handlers for approvals work with. */
export interface ApprovalHandlerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** Creates the handlers with which bots ask an operator about a call. */
export function approvalHandlers({
  store,
  clock,
  log,
}: ApprovalHandlerParts): Pick<Implementation<typeof AuthorityService>, "requestApproval" | "getApproval"> {
  return {
    async requestApproval(request, { caller }) {
      const row = await requestApproval(store, caller.spiffeId, request, clock.now());
      log.warn("approval requested", { id: row.id, method: row.method, by: caller.name });
      return { approval: approvalToWire(row, caller.spiffeId.trustDomain, false) };
    },

    async getApproval({ id }, { caller }) {
      const row = await store.approvals.find(id);
      if (row?.requester !== caller.name) throw denial("APPROVAL_NOT_HELD");
      return { approval: approvalToWire(row, caller.spiffeId.trustDomain, false) };
    },
  };
}
