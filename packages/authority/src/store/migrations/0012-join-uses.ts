import type { Kysely, Migration } from "kysely";

/** Records which key has used a join token, so that the same key may come again when its answer was lost. */
export const joinUses: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("join_uses")
      .addColumn("secret_hash", "text", (c) => c.notNull())
      .addColumn("name", "text", (c) => c.notNull())
      .addColumn("key_digest", "text", (c) => c.notNull())
      .addColumn("generation", "bigint", (c) => c.notNull())
      .addPrimaryKeyConstraint("join_uses_key", ["secret_hash", "name"])
      .execute();
  },
};
