import type { Kysely, Migration } from "kysely";

/** Keeps the methods that every server of the fleet refuses. */
export const retiredMethods: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("retired_methods")
      .addColumn("method", "text", (c) => c.primaryKey().notNull())
      .addColumn("retired_at", "bigint", (c) => c.notNull())
      .addColumn("retired_by", "text", (c) => c.notNull())
      .addColumn("trust_version", "bigint", (c) => c.notNull())
      .addColumn("unretired_at", "bigint")
      .execute();
  },
};
