import { type Kysely, type Migration, sql } from "kysely";

/** Counts usage by the actors, too, and by day, and records how completely the calls of each server are counted. */
export const usageDays: Migration = {
  async up(db: Kysely<unknown>) {
    // A primary key cannot be changed on SQLite, so the table is built anew.
    await db.schema
      .createTable("usage_with_actors")
      .addColumn("spiffe_id", "text", (c) => c.notNull())
      .addColumn("method", "text", (c) => c.notNull())
      .addColumn("caller", "text", (c) => c.notNull())
      .addColumn("actors", "text", (c) => c.notNull())
      .addColumn("denial", "text", (c) => c.notNull())
      .addColumn("count", "bigint", (c) => c.notNull())
      .addColumn("first_at", "bigint", (c) => c.notNull())
      .addColumn("last_at", "bigint", (c) => c.notNull())
      .addPrimaryKeyConstraint("usage_key", ["spiffe_id", "method", "caller", "actors", "denial"])
      .execute();
    await sql`insert into usage_with_actors
      select spiffe_id, method, caller, '', denial, count, first_at, last_at from usage`.execute(db);
    await db.schema.dropTable("usage").execute();
    await db.schema.alterTable("usage_with_actors").renameTo("usage").execute();
    await db.schema.createIndex("usage_by_last").on("usage").column("last_at").execute();

    await db.schema
      .createTable("usage_days")
      .addColumn("day", "text", (c) => c.notNull())
      .addColumn("spiffe_id", "text", (c) => c.notNull())
      .addColumn("method", "text", (c) => c.notNull())
      .addColumn("caller", "text", (c) => c.notNull())
      .addColumn("actors", "text", (c) => c.notNull())
      .addColumn("denial", "text", (c) => c.notNull())
      .addColumn("count", "bigint", (c) => c.notNull())
      .addPrimaryKeyConstraint("usage_days_key", ["day", "spiffe_id", "method", "caller", "actors", "denial"])
      .execute();
    await db.schema.createIndex("usage_days_by_bot").on("usage_days").columns(["spiffe_id", "day"]).execute();

    await db.schema
      .createTable("server_records")
      .addColumn("spiffe_id", "text", (c) => c.notNull())
      .addColumn("service", "text", (c) => c.notNull())
      .addColumn("first_at", "bigint", (c) => c.notNull())
      .addColumn("last_at", "bigint", (c) => c.notNull())
      .addColumn("uncounted_at", "bigint")
      .addPrimaryKeyConstraint("server_records_key", ["spiffe_id", "service"])
      .execute();
    await db.schema.createIndex("server_records_by_last").on("server_records").column("last_at").execute();
  },
};
