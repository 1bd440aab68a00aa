import type { Kysely } from "kysely";
import type { Schema, SigningKeyRow } from "./schema.js";

/** The token keys of the fleet. */
export interface SigningKeys {
  add(key: SigningKeyRow): Promise<void>;
  /** All of them, the newest first. */
  list(): Promise<SigningKeyRow[]>;
}

export function createSigningKeys(db: Kysely<Schema>): SigningKeys {
  return {
    async add(key) {
      await db.insertInto("signingKeys").values(key).execute();
    },
    list: () => db.selectFrom("signingKeys").selectAll().orderBy("createdAt", "desc").execute(),
  };
}
