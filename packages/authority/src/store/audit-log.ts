import { type AuditEntry, type AuditPosition, type AuditRecord, toRecord } from "@interlock/policy/audit-log";
import type { Kysely } from "kysely";
import type { Schema } from "./schema.js";

/** The audit log: records in a chain of hashes. A record never changes. */
export interface AuditLog {
  /** Appends entries. Call it in the transaction of the recorded actions. */
  append(...entries: readonly AuditEntry[]): Promise<void>;
  /** Lists records after a number, in their order. */
  list(after: number, limit: number): Promise<AuditRecord[]>;
  /** Returns the last pruned record and the last record. */
  ends(): Promise<{ checkpoint: AuditPosition; head: AuditPosition }>;
  /**
   * Deletes the records before the first one that is not older than `before`, and appends a record of that. The
   * position of the last deleted one is kept as the checkpoint, from which the rest can be verified. Call it in a
   * transaction.
   */
  prune(before: number, now: number, actor: string): Promise<void>;
}

const rowsInOneStatement = 100;

/** Opens the audit log of a database. */
export function createAuditLog(db: Kysely<Schema>): AuditLog {
  async function ends() {
    const row = await db.selectFrom("auditEnds").selectAll().executeTakeFirstOrThrow();
    return {
      checkpoint: { seq: row.checkpointSeq, hash: row.checkpointHash },
      head: { seq: row.headSeq, hash: row.headHash },
    };
  }

  async function append(...entries: readonly AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    // The update comes first: it locks the row until the transaction ends, so that a second writer waits.
    const { headSeq, headHash } = await db
      .updateTable("auditEnds")
      .set((e) => ({ headSeq: e.ref("headSeq") }))
      .returning(["headSeq", "headHash"])
      .executeTakeFirstOrThrow();
    let head: AuditPosition = { seq: headSeq, hash: headHash };
    const records = entries.map((entry) => {
      const record = toRecord(entry, head);
      head = record;
      return record;
    });
    for (let i = 0; i < records.length; i += rowsInOneStatement) {
      await db
        .insertInto("auditLog")
        .values(records.slice(i, i + rowsInOneStatement))
        .execute();
    }
    await db.updateTable("auditEnds").set({ headSeq: head.seq, headHash: head.hash }).execute();
  }

  return {
    append,
    ends,
    list: (after, limit) =>
      db.selectFrom("auditLog").selectAll().where("seq", ">", after).orderBy("seq").limit(limit).execute(),
    async prune(before, now, actor) {
      const kept = await db
        .selectFrom("auditLog")
        .select("seq")
        .where("at", ">=", before)
        .orderBy("seq")
        .limit(1)
        .executeTakeFirst();
      const { head } = await ends();
      const lastSeq = kept ? kept.seq - 1 : head.seq;
      const last = await db.selectFrom("auditLog").selectAll().where("seq", "=", lastSeq).executeTakeFirst();
      if (!last) return;
      const details = { upTo: last.seq, hash: last.hash };
      await append({ at: now, kind: "prune", actor, subject: "audit log", details });
      await db.updateTable("auditEnds").set({ checkpointSeq: last.seq, checkpointHash: last.hash }).execute();
      await db.deleteFrom("auditLog").where("seq", "<=", last.seq).execute();
    },
  };
}
