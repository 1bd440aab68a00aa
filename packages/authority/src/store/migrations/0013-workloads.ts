import type { Kysely, Migration } from "kysely";

/** Records the workloads that have joined without a join token. */
export const workloads: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("workloads")
      .addColumn("pod", "text", (c) => c.primaryKey())
      .addColumn("name", "text", (c) => c.notNull())
      .addColumn("account", "text", (c) => c.notNull())
      .addColumn("key", "text", (c) => c.notNull())
      .addColumn("token_id", "text", (c) => c.notNull())
      .addColumn("token_issued_at", "bigint", (c) => c.notNull())
      .addColumn("joined_at", "bigint", (c) => c.notNull())
      .addColumn("superseded_at", "bigint")
      .execute();
    await db.schema.createIndex("workloads_by_name").on("workloads").column("name").execute();
  },
};
