import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { JoinTokenRow, Schema } from "./schema.js";

/** The join tokens, without their secrets. */
export interface JoinTokens {
  add(token: Omit<JoinTokenRow, "usedAt" | "used">): Promise<void>;
  find(secretHash: string): Promise<JoinTokenRow | undefined>;
  /** Lists one page of the join tokens, the latest first; its key is `createdAt` and `id`. */
  page(request: PageRequest): Promise<JoinTokenRow[]>;
  /** Counts one use, atomically. Resolves with false when no use is left, or the token has expired. */
  use(secretHash: string, now: number): Promise<boolean>;
  /** Deletes a join token. Resolves with false when there is none with that id. */
  delete(id: string): Promise<boolean>;
  /** Deletes the join tokens for exactly this name or pattern. */
  deleteFor(name: string): Promise<void>;
  /** Deletes the join tokens that expired before a time, in milliseconds since the epoch. */
  prune(expiredBefore: number): Promise<void>;
}

/** Opens the join tokens in a database. */
export function createJoinTokens(db: Kysely<Schema>): JoinTokens {
  return {
    async add(token) {
      await db
        .insertInto("joinTokens")
        .values({ ...token, usedAt: null, used: 0 })
        .execute();
    },
    find: (secretHash) =>
      db.selectFrom("joinTokens").selectAll().where("secretHash", "=", secretHash).executeTakeFirst(),
    page({ after, limit }) {
      const all = db
        .selectFrom("joinTokens")
        .selectAll()
        .orderBy("createdAt", "desc")
        .orderBy("id", "desc")
        .limit(limit);
      if (!after) return all.execute();
      const [createdAt, id] = after as [number, string];
      return all
        .where(({ eb, refTuple, tuple }) => eb(refTuple("createdAt", "id"), "<", tuple(createdAt, id)))
        .execute();
    },
    async use(secretHash, now) {
      const result = await db
        .updateTable("joinTokens")
        .set((e) => ({ usedAt: now, used: e("used", "+", 1) }))
        .where("secretHash", "=", secretHash)
        .whereRef("used", "<", "uses")
        .where("expiresAt", ">", now)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },
    async delete(id) {
      const result = await db.deleteFrom("joinTokens").where("id", "=", id).executeTakeFirstOrThrow();
      return result.numDeletedRows === 1n;
    },
    async deleteFor(name) {
      await db.deleteFrom("joinTokens").where("name", "=", name).execute();
    },
    async prune(expiredBefore) {
      await db.deleteFrom("joinTokens").where("expiresAt", "<", expiredBefore).execute();
    },
  };
}
