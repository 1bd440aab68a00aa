import type { Kysely } from "kysely";
import type { JoinTokenRow, Schema } from "./schema.js";

/** The join tokens that were made, without their secrets. */
export interface JoinTokens {
  add(token: Omit<JoinTokenRow, "usedAt">): Promise<void>;
  find(secretHash: string): Promise<JoinTokenRow | undefined>;
  /** Marks a token as used. False when it had been used, or had run out: only one caller ever gets true. */
  use(secretHash: string, now: number): Promise<boolean>;
}

export function createJoinTokens(db: Kysely<Schema>): JoinTokens {
  return {
    async add(token) {
      await db
        .insertInto("joinTokens")
        .values({ ...token, usedAt: null })
        .execute();
    },
    find: (secretHash) =>
      db.selectFrom("joinTokens").selectAll().where("secretHash", "=", secretHash).executeTakeFirst(),
    async use(secretHash, now) {
      const result = await db
        .updateTable("joinTokens")
        .set({ usedAt: now })
        .where("secretHash", "=", secretHash)
        .where("usedAt", "is", null)
        .where("expiresAt", ">", now)
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },
  };
}
