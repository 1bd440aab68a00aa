import type { Kysely, Migration } from "kysely";

/** Keeps the results of daily audits. */
export const auditRuns: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("audit_runs")
      .addColumn("day", "text", (c) => c.primaryKey())
      .addColumn("claimed_at", "bigint", (c) => c.notNull())
      .addColumn("at", "bigint")
      .addColumn("findings", "text", (c) => c.notNull())
      .addColumn("left_out", "bigint", (c) => c.notNull())
      .addColumn("counts", "text", (c) => c.notNull())
      .addColumn("not_judged", "text", (c) => c.notNull())
      .execute();
  },
};
