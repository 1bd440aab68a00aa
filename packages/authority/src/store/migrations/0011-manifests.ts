import { type Kysely, type Migration, sql } from "kysely";

/** Keeps the processes of bots with the manifests that they serve, and the first time of each usage count. */
export const manifests: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("manifests")
      .addColumn("hash", "text", (c) => c.primaryKey().notNull())
      .addColumn("json", "text", (c) => c.notNull())
      .addColumn("reported_at", "bigint", (c) => c.notNull())
      .execute();
    await db.schema
      .createTable("instances")
      .addColumn("spiffe_id", "text", (c) => c.notNull())
      .addColumn("instance", "text", (c) => c.notNull())
      .addColumn("version", "text", (c) => c.notNull())
      .addColumn("manifest_hash", "text", (c) => c.notNull())
      .addColumn("services", "text", (c) => c.notNull())
      .addColumn("addresses", "text", (c) => c.notNull())
      .addColumn("started_at", "bigint", (c) => c.notNull())
      .addColumn("seen_at", "bigint", (c) => c.notNull())
      .addColumn("stopped_at", "bigint")
      .addPrimaryKeyConstraint("instances_key", ["spiffe_id", "instance"])
      .execute();
    await db.schema.createIndex("instances_by_manifest").on("instances").column("manifest_hash").execute();
    await db.schema
      .alterTable("usage")
      .addColumn("first_at", "bigint", (c) => c.notNull().defaultTo(0))
      .execute();
    await sql`update usage set first_at = last_at`.execute(db);
  },
};
