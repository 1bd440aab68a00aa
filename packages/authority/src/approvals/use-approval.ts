import { denial } from "@interlock/bot/internal";
import type { ApprovalRow } from "../store/schema.js";
import type { Records } from "../store/store.js";

/** The token for which an approval is to be used. */
export interface ApprovalUse {
  readonly id: string;
  /** The name of the bot that asks for the token. */
  readonly requester: string;
  /** The id of the delegation; empty for none. */
  readonly delegation: string;
  /** The full name of the service. */
  readonly audience: string;
}

/**
 * Uses an approval up: it gives one token. Rejects with `APPROVAL_NOT_HELD` for one of another bot, delegation or service, with
 * `APPROVAL_WAITING`, `APPROVAL_DENIED` or `APPROVAL_ENDED`.
 */
export async function useApproval(
  { approvals }: Pick<Records, "approvals">,
  { id, requester, delegation, audience }: ApprovalUse,
  now: number,
): Promise<ApprovalRow> {
  const row = await approvals.find(id);
  const [service] = row?.method.split("/") ?? [];
  if (!row || row.requester !== requester || row.delegation !== delegation || service !== audience)
    throw denial("APPROVAL_NOT_HELD");
  if (row.decision === "denied") throw denial("APPROVAL_DENIED", `by ${row.decidedBy}`);
  if (now >= row.expiresAt || row.usedAt !== null) throw denial("APPROVAL_ENDED");
  if (row.decision === "") throw denial("APPROVAL_WAITING", `an operator decides with "interlock approve ${id}"`);
  if (!(await approvals.use(id, now))) throw denial("APPROVAL_ENDED");
  return row;
}
