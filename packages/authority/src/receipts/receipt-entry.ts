import { InterlockError, reasons } from "@interlock/bot";
import { codeNames } from "@interlock/bot/internal";
import type { RecordReceiptRequest } from "@interlock/bot/protocol";
import { type SpiffeId, spiffeId } from "@interlock/policy";
import type { AuditEntry } from "@interlock/policy/audit-log";
import { isMethodName } from "../delegations/check-delegate.js";
import type { ApprovalRow } from "../store/schema.js";
import type { Records } from "../store/store.js";

/**
 * Makes the entry of a call for the audit log: who asked, in whose name, what was decided, what came of it, and the hash of the
 * request in place of the request. What the bot says is held against what is on record: a delegation has to be its own, and an
 * approval has to be its own, for this method and request, and under this delegation. What became of the approval stands beside it,
 * and a call that was answered has used it up. Rejects with `INVALID_ARGUMENT`.
 */
export async function receiptEntry(
  records: Pick<Records, "delegations" | "approvals">,
  caller: SpiffeId,
  given: RecordReceiptRequest,
  at: number,
): Promise<AuditEntry> {
  const { method, delegation, approval, requestSha256: request, code, reason, messages } = given;
  if (!isMethodName(method)) throw invalid("The method is malformed: write package.Service/Method.");
  if (!/^[0-9a-f]{64}$/.test(request)) throw invalid("The hash is malformed: give SHA-256 in lower-case hex.");
  if (!codeNames.some((name) => name === code))
    throw invalid("The code is malformed: give the name of a gRPC code, for example OK.");
  if (reason !== "" && !Object.hasOwn(reasons, reason) && !/^[A-Z][A-Z0-9_]{0,63}$/.test(reason))
    throw invalid("The reason is malformed: give one in capitals, or none.");
  const held = delegation === "" ? undefined : await records.delegations.find(delegation);
  if (delegation !== "" && held?.holder !== caller.name) throw invalid("The delegation is none of the bot's.");
  const approved = approval === "" ? undefined : await records.approvals.find(approval);
  if (approval !== "" && !(approved?.requester === caller.name && approved.method === method))
    throw invalid("The approval is none of the bot's for this method.");
  if (approved && (approved.requestSha256 !== request || approved.delegation !== delegation))
    throw invalid("The approval is for another request, or under another delegation.");
  if (approved && code === "OK" && approved.usedAt === null)
    throw invalid("The approval has not been used: the call cannot have been answered by it.");
  const { trustDomain } = caller;
  return {
    at,
    kind: "receipt",
    actor: caller.uri,
    subject: method,
    details: {
      for: spiffeId(trustDomain, held?.subject ?? caller.name).uri,
      ...(held && { delegation, above: held.lineage.split(" ").slice(1) }),
      ...(approved && { approval, approvalState: stateOf(approved), decidedBy: approved.decidedBy }),
      request,
      decision: reason === "" ? "admitted" : "refused",
      ...(reason !== "" && { reason }),
      code,
      messages,
      startedAt: timeOf(given.startedAt),
      endedAt: timeOf(given.endedAt),
    },
  };
}

/** What had become of the approval when the receipt was recorded. */
function stateOf({ decision, usedAt }: Pick<ApprovalRow, "decision" | "usedAt">): string {
  return usedAt !== null ? "used" : decision || "waiting";
}

function timeOf(time: Date | undefined): number {
  const ms = time?.getTime() ?? Number.NaN;
  if (Number.isSafeInteger(ms)) return ms;
  throw invalid("The times are missing: say when the call began, and when it ended.");
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
