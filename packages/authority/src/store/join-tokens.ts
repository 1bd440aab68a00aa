import type { Kysely } from "kysely";
import type { PageRequest } from "./page.js";
import type { JoinTokenRow, JoinUseRow, Schema } from "./schema.js";

/** The join tokens, without their secrets. */
export interface JoinTokens {
  add(token: Omit<JoinTokenRow, "usedAt" | "used">): Promise<void>;
  find(secretHash: string): Promise<JoinTokenRow | undefined>;
  /** Lists one page of the join tokens, the latest first; its key is `createdAt` and `id`. */
  page(request: PageRequest): Promise<JoinTokenRow[]>;
  /** Counts one use, atomically. Resolves with false when no use is left, or the token has expired. */
  use(secretHash: string, now: number): Promise<boolean>;
  /** Records which key has used a join token under a name; it replaces the key before. */
  addUse(use: JoinUseRow): Promise<void>;
  /** Finds the last use of a join token under a name. */
  findUse(secretHash: string, name: string): Promise<JoinUseRow | undefined>;
  /** Deletes a join token. Resolves with false when there is none with that id. */
  delete(id: string): Promise<boolean>;
  /** Deletes the join tokens for exactly this name or pattern. */
  deleteFor(name: string): Promise<void>;
  /** Deletes the join tokens that expired before a time, in milliseconds since the epoch. */
  prune(expiredBefore: number): Promise<void>;
}

/** Opens the join tokens in a database. */
export function createJoinTokens(db: Kysely<Schema>): JoinTokens {
  const hashes = () => db.selectFrom("joinTokens").select("secretHash");

  /** Deletes the uses of the chosen join tokens. */
  async function deleteUses(choose: (tokens: ReturnType<typeof hashes>) => ReturnType<typeof hashes>): Promise<void> {
    await db.deleteFrom("joinUses").where("secretHash", "in", choose(hashes())).execute();
  }

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
    async addUse(use) {
      const { keyDigest, generation } = use;
      await db
        .insertInto("joinUses")
        .values(use)
        .onConflict((c) => c.columns(["secretHash", "name"]).doUpdateSet({ keyDigest, generation }))
        .execute();
    },
    findUse: (secretHash, name) =>
      db
        .selectFrom("joinUses")
        .selectAll()
        .where("secretHash", "=", secretHash)
        .where("name", "=", name)
        .executeTakeFirst(),
    async delete(id) {
      await deleteUses((token) => token.where("id", "=", id));
      const result = await db.deleteFrom("joinTokens").where("id", "=", id).executeTakeFirstOrThrow();
      return result.numDeletedRows === 1n;
    },
    async deleteFor(name) {
      await deleteUses((token) => token.where("name", "=", name));
      await db.deleteFrom("joinTokens").where("name", "=", name).execute();
    },
    async prune(expiredBefore) {
      await deleteUses((token) => token.where("expiresAt", "<", expiredBefore));
      await db.deleteFrom("joinTokens").where("expiresAt", "<", expiredBefore).execute();
    },
  };
}
