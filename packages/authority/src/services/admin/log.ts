import type { AdminHandlers, AdminParts } from "./admin-parts.js";

/** The maximum number of records in one answer. */
const maximumListedRecords = 500;

/** Creates the handler for the audit log. */
export function logHandlers({ store }: Pick<AdminParts, "store">): AdminHandlers<"listLog"> {
  return {
    async listLog({ after, limit }) {
      const { checkpoint, head } = await store.auditLog.ends();
      const most = limit === 0 ? maximumListedRecords : Math.min(limit, maximumListedRecords);
      const records = (await store.auditLog.list(Number(after), most)).map((record) => {
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
