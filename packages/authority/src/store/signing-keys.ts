import type { Kysely } from "kysely";
import type { Schema, SigningKeyRow } from "./schema.js";

/** The token keys of the fleet. */
export interface SigningKeys {
  add(key: SigningKeyRow): Promise<void>;
  /** Lists the published keys, the newest first. */
  list(): Promise<SigningKeyRow[]>;
  /** Sets the time of withdrawal of every key without one. */
  withdrawOthersAt(withdrawnAt: number): Promise<void>;
  /** Deletes the keys whose time of withdrawal has come. Returns their `kid`s. */
  withdraw(now: number): Promise<string[]>;
}

export function createSigningKeys(db: Kysely<Schema>): SigningKeys {
  return {
    async add(key) {
      await db.insertInto("signingKeys").values(key).execute();
    },
    list: () =>
      db.selectFrom("signingKeys").selectAll().orderBy("signsFrom", "desc").orderBy("createdAt", "desc").execute(),
    async withdrawOthersAt(withdrawnAt) {
      await db
        .updateTable("signingKeys")
        .set({ withdrawnAt })
        .where((e) => e.or([e("withdrawnAt", "is", null), e("withdrawnAt", ">", withdrawnAt)]))
        .execute();
    },
    async withdraw(now) {
      const due = await db.deleteFrom("signingKeys").where("withdrawnAt", "<=", now).returning("kid").execute();
      return due.map(({ kid }) => kid);
    },
  };
}
