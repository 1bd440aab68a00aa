import type { Clock, IdentitySource, Implementation } from "@interlock/bot";
import type { AuthorityService } from "@interlock/bot/protocol";
import { receiptEntry } from "../receipts/receipt-entry.js";
import { signReceipt } from "../receipts/sign-receipt.js";
import type { Store } from "../store/store.js";

/** What the handler for receipts works with. */
export interface ReceiptHandlerParts {
  readonly store: Store;
  readonly clock: Clock;
  /** The authority's own identity. */
  readonly identity: IdentitySource;
}

/** Creates the handler that puts what became of a call on record, and signs the record. */
export function receiptHandlers({
  store,
  clock,
  identity,
}: ReceiptHandlerParts): Pick<Implementation<typeof AuthorityService>, "recordReceipt"> {
  return {
    async recordReceipt(request, { caller }) {
      const record = await store.transaction(async (records) => {
        const { auditLog } = records;
        await auditLog.append(await receiptEntry(records, caller.spiffeId, request, clock.now()));
        const { head } = await auditLog.ends();
        const [last] = await auditLog.list(head.seq - 1, 1);
        if (!last) throw new Error("The audit log lacks its last record.");
        return last;
      });
      return { seq: BigInt(record.seq), receipt: await signReceipt(record, identity.current()) };
    },
  };
}
