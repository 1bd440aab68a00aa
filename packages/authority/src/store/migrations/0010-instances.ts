import type { Kysely, Migration } from "kysely";

/** Tells the processes of one bot apart in its endpoints, and lists usage by its time. */
export const instances: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable("endpoints")
      .addColumn("instance", "text", (c) => c.notNull().defaultTo(""))
      .execute();
    await db.schema.createIndex("usage_by_last").on("usage").column("last_at").execute();
  },
};
