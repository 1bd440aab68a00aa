import type { Kysely } from "kysely";
import type { PrivateKeyRow, Schema } from "./schema.js";

/** Private keys, sealed, where several authorities share the store; none where one has them in its data folder. */
export interface PrivateKeys {
  find(name: string): Promise<PrivateKeyRow | undefined>;
  save(key: PrivateKeyRow): Promise<void>;
  delete(name: string): Promise<void>;
  names(): Promise<string[]>;
}

export function createPrivateKeys(db: Kysely<Schema>): PrivateKeys {
  return {
    find: (name) => db.selectFrom("privateKeys").selectAll().where("name", "=", name).executeTakeFirst(),
    async save({ name, text }) {
      await db
        .insertInto("privateKeys")
        .values({ name, text })
        .onConflict((c) => c.column("name").doUpdateSet({ text }))
        .execute();
    },
    async delete(name) {
      await db.deleteFrom("privateKeys").where("name", "=", name).execute();
    },
    async names() {
      return (await db.selectFrom("privateKeys").select("name").execute()).map(({ name }) => name);
    },
  };
}
