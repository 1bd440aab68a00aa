import { createHash } from "node:crypto";
import type { Bearer } from "../admission/bearer.js";
import { denial, type InterlockError } from "../base/error.js";

/** Compares calls with what an operator has approved, and lets each approval pass once at this server. */
export interface ApprovedCalls {
  /** Uses up the approval of a call. Returns the denial for a call that is not the approved one, or not the first. */
  take(bearer: Bearer | undefined, message: Uint8Array, now: number): InterlockError | undefined;
}

/** How many used approvals are remembered, each until its token has expired; beyond that, no approved call is let in. */
const maximumUsed = 10_000;

/** Makes the record of approved calls: at most 10,000 ids, each until its token has expired. */
export function createApprovedCalls(): ApprovedCalls {
  const used = new Map<string, number>(); // The time at which its token expires, by the id of the approval.

  return {
    take(bearer, message, now) {
      const approval = bearer?.token.approval;
      if (!bearer || !approval) return undefined; // The chain has decided whether one is needed.
      const request = createHash("sha256").update(message).digest("hex");
      if (request !== approval.request) return denial("APPROVAL_REQUIRED", "another request was approved");
      if (used.has(approval.id)) return denial("APPROVAL_REQUIRED", "the approved call has been made");
      if (used.size >= maximumUsed) for (const [id, until] of used) if (now >= until) used.delete(id);
      if (used.size >= maximumUsed) return denial("APPROVAL_LIMIT", "try again later");
      used.set(approval.id, bearer.token.expiresAt);
      return undefined;
    },
  };
}
