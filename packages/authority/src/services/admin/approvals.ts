import { decideApproval } from "../../approvals/decide-approval.js";
import type { Store } from "../../store/store.js";
import { readPage } from "../page.js";
import { approvalToWire } from "../to-wire.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";

type Parts = Pick<AdminParts, "store" | "clock" | "log" | "own">;

/** The maximum number of approvals in one page, because each has the request of a call. */
const mostInPage = 64;

/** Creates the handlers with which operators decide on calls. */
export function approvalHandlers({ store, clock, log, own }: Parts): AdminHandlers<"listApprovals" | "decideApproval"> {
  return {
    async listApprovals({ pageToken }) {
      const now = clock.now();
      const page = (request: Parameters<Store["approvals"]["page"]>[0]) => store.approvals.page(request, now);
      const { items: approvals, nextPageToken } = await readPage(pageToken, page, {
        key: [0, ""],
        keyOf: ({ createdAt, id }) => [createdAt, id],
        toItem: (row) => approvalToWire(row, own().trustDomain, true),
        most: mostInPage,
      });
      return { approvals, nextPageToken };
    },

    async decideApproval({ id, approve }, { caller }) {
      const row = await decideApproval(store, caller.spiffeId, id, approve, clock.now());
      log.warn(approve ? "call approved" : "call denied", { id, method: row.method, by: caller.name });
      return { approval: approvalToWire(row, own().trustDomain, true) };
    },
  };
}
