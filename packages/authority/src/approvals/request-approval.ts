import { createHash, randomBytes } from "node:crypto";
import { InterlockError } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";
import { type SpiffeId, spiffeId } from "@interlock/policy";
import { allowedAt } from "../delegations/allowed.js";
import { isMethodName } from "../delegations/check-delegate.js";
import { findHeld } from "../delegations/held-delegation.js";
import type { ApprovalRow } from "../store/schema.js";
import type { Store } from "../store/store.js";

/** How long an operator has to decide, and a bot to call after that, in milliseconds. */
const approvalTtlMs = 15 * 60_000;

/** The longest request that an operator is shown, in bytes. */
export const maximumRequestBytes = 16_384;

/** How many calls may wait for an operator at once: of one bot, and of all. */
export const maximumWaiting = { ofOne: 16, ofAll: 1_000 };

/** The call that an operator is asked about. */
export interface AskedApproval {
  /** `package.Service/Method`. */
  readonly method: string;
  /** The request message. */
  readonly request: Uint8Array;
  /** The id of the delegation; empty for none. */
  readonly delegation: string;
}

/**
 * Asks an operator about one call, for 15 minutes. Rejects with `SCOPE_WIDENED` for a method that is not in the delegation, with
 * `DELEGATION_NOT_HELD` and `DELEGATION_ENDED`, with `APPROVAL_LIMIT` beyond the bounds, and with `INVALID_ARGUMENT`.
 */
export async function requestApproval(
  store: Store,
  requester: SpiffeId,
  { method, request, delegation }: AskedApproval,
  now: number,
): Promise<ApprovalRow> {
  if (!isMethodName(method)) throw invalid("The method is malformed: write package.Service/Method.");
  if (request.length > maximumRequestBytes) {
    throw invalid(`The request has ${request.length} bytes: an operator is shown at most ${maximumRequestBytes}.`);
  }
  return store.transaction(async (records) => {
    const held = delegation === "" ? undefined : await findHeld(records, delegation, now, requester.name);
    if (held) {
      const [service = "", name = ""] = method.split("/");
      const part = allowedAt(held.allowed, service);
      if (!part || (part.methods && !part.methods.includes(name)))
        throw denial("SCOPE_WIDENED", `${method} is not in the delegation`, { needed: method });
    }
    const { name } = requester;
    const [ofOne, ofAll] = [await records.approvals.count(now, name), await records.approvals.count(now)];
    if (ofOne >= maximumWaiting.ofOne || ofAll >= maximumWaiting.ofAll)
      throw denial("APPROVAL_LIMIT", "ask again once some have been decided and have ended");
    const row: ApprovalRow = {
      id: `apr-${randomBytes(16).toString("base64url")}`,
      requester: name,
      subject: held?.subject ?? name,
      delegation,
      method,
      request: Buffer.from(request).toString("base64"),
      requestSha256: createHash("sha256").update(request).digest("hex"),
      createdAt: now,
      expiresAt: Math.min(now + approvalTtlMs, held?.expiresAt ?? Number.POSITIVE_INFINITY),
      decision: "",
      decidedBy: "",
      usedAt: null,
    };
    await records.approvals.add(row);
    await records.auditLog.append({
      at: now,
      kind: "approval",
      actor: requester.uri,
      subject: method,
      details: { ...detailsOf(row, requester.trustDomain), decision: "requested" },
    });
    return row;
  });
}

/** What the audit log says of an approval: the hash of the request, and not the request. */
export function detailsOf({ id, subject, delegation, requestSha256 }: ApprovalRow, trustDomain: string) {
  return { id, for: spiffeId(trustDomain, subject).uri, ...(delegation && { delegation }), request: requestSha256 };
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}
