import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { ApprovalRow, Schema } from "./schema.js";

/** The calls that wait for an operator, or were decided lately. */
export interface Approvals {
  add(row: ApprovalRow): Promise<void>;
  find(id: string): Promise<ApprovalRow | undefined>;
  /** Counts those that have not expired, of one requester or of all. */
  count(now: number, requester?: string): Promise<number>;
  /** Records a decision. Resolves with false when there is one already, or the approval has expired. */
  decide(id: string, decision: "approved" | "denied", by: string, now: number): Promise<boolean>;
  /** Uses an approved call up, atomically. Resolves with false when it has been used, is not approved, or has expired. */
  use(id: string, now: number): Promise<boolean>;
  /** Lists one page of those that have not expired, the latest first; its key is `createdAt` and `id`. */
  page(request: PageRequest, now: number): Promise<ApprovalRow[]>;
  /** Deletes those that expired before a time, in milliseconds since the epoch. */
  prune(expiredBefore: number): Promise<void>;
}

/** Opens the approvals in a database. */
export function createApprovals(db: Kysely<Schema>): Approvals {
  return {
    async add(row) {
      await db.insertInto("approvals").values(row).execute();
    },
    find: (id) => db.selectFrom("approvals").selectAll().where("id", "=", id).executeTakeFirst(),
    async count(now, requester) {
      let all = db
        .selectFrom("approvals")
        .select((e) => e.fn.countAll().as("count"))
        .where("expiresAt", ">", now);
      if (requester !== undefined) all = all.where("requester", "=", requester);
      const { count } = await all.executeTakeFirstOrThrow();
      return Number(count);
    },
    async decide(id, decision, decidedBy, now) {
      const result = await db
        .updateTable("approvals")
        .set({ decision, decidedBy })
        .where("id", "=", id)
        .where("decision", "=", "")
        .where("expiresAt", ">", now)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },
    async use(id, usedAt) {
      const result = await db
        .updateTable("approvals")
        .set({ usedAt })
        .where("id", "=", id)
        .where("decision", "=", "approved")
        .where("usedAt", "is", null)
        .where("expiresAt", ">", usedAt)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },
    page({ after, limit }, now) {
      const all = db
        .selectFrom("approvals")
        .selectAll()
        .where("expiresAt", ">", now)
        .orderBy("createdAt", "desc")
        .orderBy("id", "desc")
        .limit(limit);
      if (!after) return all.execute();
      const [createdAt, id] = after as [number, string];
      return all
        .where(({ eb, refTuple, tuple }) => eb(refTuple("createdAt", "id"), "<", tuple(createdAt, id)))
        .execute();
    },
    async prune(expiredBefore) {
      await db.deleteFrom("approvals").where("expiresAt", "<", expiredBefore).execute();
    },
  };
}
