import { setTimeout as sleep } from "node:timers/promises";
import { type Client, InterlockError } from "@interlock/bot";
import { type Approval, ApprovalState, type AuthorityService } from "@interlock/bot/protocol";

/** The authority, as far as it is asked about approvals. */
export type ApprovalSource = Pick<Client<typeof AuthorityService>, "requestApproval" | "getApproval">;

/** The call that an operator is asked about. */
export interface WaitingCall {
  /** `package.Service/Method`. */
  readonly method: string;
  readonly request: Uint8Array;
  /** SHA-256 over the request message, hex. */
  readonly requestSha256: string;
  readonly delegation: string | undefined;
}

/** How long an approval is waited for, and how often the authority is asked meanwhile, in milliseconds. */
export interface ApprovalTimes {
  readonly approvalWaitMs: number;
  readonly approvalPollMs: number;
}

/** Asks operators about calls. The same call is asked about once, however often it is repeated until an operator has decided. */
export interface Approvals {
  /**
   * Resolves with the id of an approval for the call once an operator has approved it. Rejects with `APPROVAL_DENIED`, with
   * `APPROVAL_WAITING` when nobody has decided in time, and as the authority does. `onAsked` is told the id.
   */
  obtain(call: WaitingCall, signal: AbortSignal, onAsked: (id: string) => void): Promise<string>;
}

/** The maximum number of calls that are remembered while they wait; the oldest is forgotten. The authority allows fewer. */
const maximumWaiting = 64;

/** Makes the record of the calls that wait, at most 64. */
export function createApprovals(authority: ApprovalSource, times: ApprovalTimes): Approvals {
  const asked = new Map<string, string>(); // The id of an approval, by method and hash.

  async function ask(call: WaitingCall, key: string): Promise<Approval> {
    const known = asked.get(key);
    if (known !== undefined) {
      const { approval } = await authority.getApproval({ id: known });
      if (approval && !isOver(approval)) return approval;
    }
    const { method, request, delegation = "" } = call;
    const { approval } = await authority.requestApproval({ method, request, delegation });
    if (!approval) throw new InterlockError("INTERNAL", "The authority gave no approval.");
    const [oldest] = asked.keys();
    if (asked.size >= maximumWaiting && oldest !== undefined) asked.delete(oldest);
    asked.set(key, approval.id);
    return approval;
  }

  return {
    async obtain(call, signal, onAsked) {
      const key = `${call.method} ${call.requestSha256}`;
      const until = Date.now() + times.approvalWaitMs;
      let approval = await ask(call, key);
      const { id } = approval;
      onAsked(id);
      while (approval.state === ApprovalState.APPROVAL_STATE_WAITING) {
        if (Date.now() >= until || signal.aborted) throw waiting(approval);
        await sleep(times.approvalPollMs, undefined, { signal }).catch(() => {});
        approval = (await authority.getApproval({ id })).approval ?? approval;
      }
      asked.delete(key);
      if (approval.state === ApprovalState.APPROVAL_STATE_APPROVED) return id;
      throw new InterlockError("PERMISSION_DENIED", `${approval.decidedBy} has denied this call.`, {
        reason: "APPROVAL_DENIED",
      });
    },
  };
}

function isOver({ state, expiresAt }: Approval): boolean {
  return state === ApprovalState.APPROVAL_STATE_USED || (expiresAt?.getTime() ?? 0) <= Date.now();
}

function waiting({ id, expiresAt }: Approval): InterlockError {
  const text = `${id} waits for an operator until ${expiresAt?.toISOString()}: make the same call again later.`;
  return new InterlockError("FAILED_PRECONDITION", text, { reason: "APPROVAL_WAITING", metadata: { approval: id } });
}
