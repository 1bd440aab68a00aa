import type { AuditRecord } from "@interlock/policy/audit-log";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { maximumPageBytes, sizeOf } from "./page.js";

/** The maximum number of records in one answer. */
const maximumListedRecords = 500;

/** Creates the handler for the audit log. */
export function logHandlers({ store }: Pick<AdminParts, "store">): AdminHandlers<"listLog"> {
  return {
    async listLog({ after, limit }) {
      const { checkpoint, head } = await store.auditLog.ends();
      const most = limit === 0 ? maximumListedRecords : Math.min(limit, maximumListedRecords);
      // Beyond the head there is nothing, whatever the number; a store cannot hold every 64-bit number.
      const from = after > BigInt(head.seq) ? head.seq : Number(after);
      const records = fitting(await store.auditLog.list(from, most)).map((record) => {
        return { ...record, seq: BigInt(record.seq), at: BigInt(record.at) };
      });
      return {
        records,
        checkpoint: { ...checkpoint, seq: BigInt(checkpoint.seq) },
        head: { ...head, seq: BigInt(head.seq) },
      };
    },
  };
}

/** Returns the first of the records: at least one, and as many as fit into a page. */
function fitting(records: readonly AuditRecord[]): readonly AuditRecord[] {
  let bytes = 0;
  const over = records.findIndex((record, i) => {
    bytes += sizeOf(record);
    return i > 0 && bytes > maximumPageBytes;
  });
  return over < 0 ? records : records.slice(0, over);
}
