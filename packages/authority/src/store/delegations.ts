import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { DelegationRow, Schema } from "./schema.js";

/** The delegations. A row never changes: what ends one before its time is a revocation of its id. */
export interface Delegations {
  add(row: DelegationRow): Promise<void>;
  find(id: string): Promise<DelegationRow | undefined>;
  /** Counts those that a bot gave and that have not expired. */
  countGiven(giver: string, now: number): Promise<number>;
  /** Lists one page of those that have not expired, the latest first; its key is `createdAt` and `id`. Default: of every bot. */
  page(request: PageRequest, now: number, bot?: string): Promise<DelegationRow[]>;
  /** Deletes those that expired before a time, in milliseconds since the epoch. */
  prune(expiredBefore: number): Promise<void>;
}

/** Opens the delegations in a database. */
export function createDelegations(db: Kysely<Schema>): Delegations {
  return {
    async add(row) {
      await db.insertInto("delegations").values(row).execute();
    },
    find: (id) => db.selectFrom("delegations").selectAll().where("id", "=", id).executeTakeFirst(),
    async countGiven(giver, now) {
      const { count } = await db
        .selectFrom("delegations")
        .select((e) => e.fn.countAll().as("count"))
        .where("giver", "=", giver)
        .where("expiresAt", ">", now)
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    page({ after, limit }, now, bot) {
      let all = db
        .selectFrom("delegations")
        .selectAll()
        .where("expiresAt", ">", now)
        .orderBy("createdAt", "desc")
        .orderBy("id", "desc")
        .limit(limit);
      if (bot !== undefined) all = all.where((e) => e.or([e("giver", "=", bot), e("holder", "=", bot)]));
      if (!after) return all.execute();
      const [createdAt, id] = after as [number, string];
      return all
        .where(({ eb, refTuple, tuple }) => eb(refTuple("createdAt", "id"), "<", tuple(createdAt, id)))
        .execute();
    },
    async prune(expiredBefore) {
      await db.deleteFrom("delegations").where("expiresAt", "<", expiredBefore).execute();
    },
  };
}
