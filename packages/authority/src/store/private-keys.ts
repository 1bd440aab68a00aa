import type { Kysely } from "kysely";
import type { PrivateKeyRow, Schema } from "./schema.js";

/** The sealed private keys in a shared store. With a data folder, the table is empty. */
export interface PrivateKeys {
  find(name: string): Promise<PrivateKeyRow | undefined>;
  save(key: PrivateKeyRow): Promise<void>;
  delete(name: string): Promise<void>;
  names(): Promise<string[]>;
}

/** Opens the private keys in a database. */
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
