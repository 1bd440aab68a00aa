import { ApprovalState } from "@interlock/bot/protocol";
import type { ApprovalRow } from "../store/schema.js";

/** What became of an approval that is on record. */
export function approvalState({ decision, usedAt }: Pick<ApprovalRow, "decision" | "usedAt">): ApprovalState {
  if (usedAt !== null) return ApprovalState.APPROVAL_STATE_USED;
  if (decision === "approved") return ApprovalState.APPROVAL_STATE_APPROVED;
  if (decision === "denied") return ApprovalState.APPROVAL_STATE_DENIED;
  return ApprovalState.APPROVAL_STATE_WAITING;
}
