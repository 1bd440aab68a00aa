import { type Kysely, type Migration, PostgresAdapter, sql } from "kysely";

/** Private keys in the store for several authorities, and the state after a restore. */
export const replicas: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema
      .createTable("private_keys")
      .addColumn("name", "text", (c) => c.primaryKey().notNull())
      .addColumn("text", "text", (c) => c.notNull())
      .execute();
    await schema
      .alterTable("fleet")
      .addColumn("first_version", "bigint", (c) => c.notNull().defaultTo(1))
      .execute();
    await schema
      .alterTable("lineages")
      .addColumn("adopts", "bigint", (c) => c.notNull().defaultTo(0))
      .execute();
    if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return;
    // SQLite sorts text by its bytes. PostgreSQL uses the collation of the cluster by default.
    await sql`alter table bots alter column name type text collate "C"`.execute(db);
    await sql`alter table endpoints alter column service type text collate "C", alter column address type text collate "C"`.execute(
      db,
    );
  },
};
