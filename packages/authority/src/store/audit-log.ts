import { type AuditEntry, type AuditPosition, type AuditRecord, toRecord } from "@interlock/policy/audit-log";
import type { Kysely } from "kysely";
import type { Schema } from "./schema.js";

/** The audit log: records in a chain of hashes. A record never changes. */
export interface AuditLog {
  /** Appends entries. Call it in the transaction of the recorded actions. */
  append(...entries: readonly AuditEntry[]): Promise<void>;
  /** Lists records after a number, in their order. */
  list(after: number, limit: number): Promise<AuditRecord[]>;
  /**
   * Looks at up to 10,000 records from a number on, without the record of that number: forth, or back from it. Resolves
   * with the matching ones in that order, and the number of the last record that was looked at, where the next look begins.
   */
  look(
    from: number,
    direction: "forth" | "back",
    selection: LogSelection,
  ): Promise<{ records: AuditRecord[]; at: number }>;
  /** Returns the last pruned record and the last record. */
  ends(): Promise<{ checkpoint: AuditPosition; head: AuditPosition }>;
  /**
   * Deletes the records before the first one that is not older than `before`, and appends a record of that. The
   * position of the last deleted one is kept as the checkpoint, from which the rest can be verified. Call it in a
   * transaction.
   */
  prune(before: number, now: number, actor: string): Promise<void>;
}

/** Selects records of the audit log. */
export interface LogSelection {
  /** The kinds; empty for all. */
  readonly kinds: readonly string[];
  /** The earliest time, in milliseconds since the epoch; absent for all. */
  readonly since: number | undefined;
  /** The time before which records are listed; absent for all. */
  readonly until: number | undefined;
  /** The maximum number of records. */
  readonly limit: number;
}

/** How many records one look covers, so that it keeps the store busy for milliseconds only. */
const recordsInOneLook = 10_000;

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
    async look(from, direction, { kinds, since, until, limit }) {
      const forth = direction === "forth";
      const { head } = await ends();
      const end = forth ? Math.min(head.seq, from + recordsInOneLook) : Math.max(0, from - 1 - recordsInOneLook);
      let looked = db
        .selectFrom("auditLog")
        .selectAll()
        .where("seq", ">", forth ? from : end)
        .where("seq", forth ? "<=" : "<", forth ? end : from)
        .orderBy("seq", forth ? "asc" : "desc")
        .limit(limit);
      if (kinds.length > 0) looked = looked.where("kind", "in", kinds);
      if (since !== undefined) looked = looked.where("at", ">=", since);
      if (until !== undefined) looked = looked.where("at", "<", until);
      const records = await looked.execute();
      if (records.length === limit) return { records, at: records.at(-1)?.seq ?? end };
      return { records, at: forth ? Math.max(end, Math.min(from, head.seq)) : end + 1 };
    },
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
