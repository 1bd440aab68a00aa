import { InterlockError } from "@interlock/bot";
import { type SpiffeId, spiffeId } from "@interlock/policy";
import type { ApprovalRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import { detailsOf } from "./request-approval.js";

/**
 * Records the decision of an operator on one call. Rejects with `NOT_FOUND`, and with `FAILED_PRECONDITION` when it has been
 * decided or has expired, or when the operator would decide on a call of its own.
 */
export async function decideApproval(
  store: Store,
  operator: SpiffeId,
  id: string,
  approve: boolean,
  now: number,
): Promise<ApprovalRow> {
  return store.transaction(async (records) => {
    const row = await records.approvals.find(id);
    if (!row)
      throw new InterlockError("NOT_FOUND", `There is no approval ${id}: list them with "interlock approvals".`);
    if (row.requester === operator.name)
      throw new InterlockError("FAILED_PRECONDITION", "This is a call of your own: another operator has to decide.");
    const decision = approve ? "approved" : "denied";
    if (!(await records.approvals.decide(id, decision, operator.uri, now)))
      throw new InterlockError("FAILED_PRECONDITION", `${id} has been decided, or has expired.`);
    await records.auditLog.append({
      at: now,
      kind: "approval",
      actor: operator.uri,
      subject: row.method,
      details: {
        ...detailsOf(row, operator.trustDomain),
        requester: spiffeId(operator.trustDomain, row.requester).uri,
        decision,
      },
    });
    return { ...row, decision, decidedBy: operator.uri };
  });
}
