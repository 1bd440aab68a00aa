import type { Client, InterlockError } from "@interlock/bot";
import type { AuthorityService } from "@interlock/bot/protocol";

/** What became of a call. */
export interface CallOutcome {
  /** `package.Service/Method`. */
  readonly method: string;
  readonly delegation: string | undefined;
  readonly approval: string | undefined;
  /** SHA-256 over the request message, hex. */
  readonly requestSha256: string;
  /** The error; absent for a call that was answered. */
  readonly error: InterlockError | undefined;
  /** The number of answers. */
  readonly messages: number;
  readonly startedAt: Date;
  readonly endedAt: Date;
}

/** A receipt, as the authority gave it. */
export interface Receipt {
  /** The number of its record in the audit log. */
  readonly seq: number;
  /** JSON text; see `verifyReceipt`. */
  readonly receipt: string;
}

/** How often the authority is asked to record a receipt. */
const attempts = 3;

/**
 * Has the authority put what became of a call on record, and sign it. Rejects when it cannot: then the answer says that there is no
 * receipt. That the bot got a token for the call is on record in any case.
 */
export async function recordReceipt(
  authority: Pick<Client<typeof AuthorityService>, "recordReceipt">,
  { method, delegation = "", approval = "", requestSha256, error, messages, startedAt, endedAt }: CallOutcome,
): Promise<Receipt> {
  const code = error?.code ?? "OK";
  const reason = error?.reason ?? "";
  const request = { method, delegation, approval, requestSha256, code, reason, messages, startedAt, endedAt };
  for (let left = attempts; ; left--) {
    try {
      const { seq, receipt } = await authority.recordReceipt(request, { timeoutMs: 5_000 });
      return { seq: Number(seq), receipt };
    } catch (thrown) {
      if (left <= 1) throw thrown;
    }
  }
}
