import type { Kysely, Migration } from "kysely";

/** Keeps delegations, and the calls that wait for an operator. */
export const delegations: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("delegations")
      .addColumn("id", "text", (c) => c.primaryKey().notNull())
      .addColumn("subject", "text", (c) => c.notNull())
      .addColumn("giver", "text", (c) => c.notNull())
      .addColumn("holder", "text", (c) => c.notNull())
      .addColumn("lineage", "text", (c) => c.notNull())
      .addColumn("actors", "text", (c) => c.notNull())
      .addColumn("allowed", "text", (c) => c.notNull())
      .addColumn("created_at", "bigint", (c) => c.notNull())
      .addColumn("expires_at", "bigint", (c) => c.notNull())
      .execute();
    await db.schema.createIndex("delegations_giver").on("delegations").column("giver").execute();
    await db.schema.createIndex("delegations_holder").on("delegations").column("holder").execute();
    await db.schema
      .createTable("approvals")
      .addColumn("id", "text", (c) => c.primaryKey().notNull())
      .addColumn("requester", "text", (c) => c.notNull())
      .addColumn("subject", "text", (c) => c.notNull())
      .addColumn("delegation", "text", (c) => c.notNull())
      .addColumn("method", "text", (c) => c.notNull())
      .addColumn("request", "text", (c) => c.notNull())
      .addColumn("request_sha256", "text", (c) => c.notNull())
      .addColumn("created_at", "bigint", (c) => c.notNull())
      .addColumn("expires_at", "bigint", (c) => c.notNull())
      .addColumn("decision", "text", (c) => c.notNull())
      .addColumn("decided_by", "text", (c) => c.notNull())
      .addColumn("used_at", "bigint")
      .execute();
  },
};
