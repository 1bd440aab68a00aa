import { type Kysely, type Migration, sql } from "kysely";

/** The audit log with its beginning and its end. */
export const auditLog: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("audit_log")
      .addColumn("seq", "bigint", (c) => c.primaryKey().notNull())
      .addColumn("at", "bigint", (c) => c.notNull())
      .addColumn("kind", "text", (c) => c.notNull())
      .addColumn("actor", "text", (c) => c.notNull())
      .addColumn("subject", "text", (c) => c.notNull())
      .addColumn("details", "text", (c) => c.notNull())
      .addColumn("previous", "text", (c) => c.notNull())
      .addColumn("hash", "text", (c) => c.notNull())
      .execute();
    await db.schema
      .createTable("audit_ends")
      .addColumn("id", "integer", (c) => c.primaryKey())
      .addColumn("checkpoint_seq", "bigint", (c) => c.notNull())
      .addColumn("checkpoint_hash", "text", (c) => c.notNull())
      .addColumn("head_seq", "bigint", (c) => c.notNull())
      .addColumn("head_hash", "text", (c) => c.notNull())
      .execute();
    await sql`insert into audit_ends values (1, 0, '', 0, '')`.execute(db);
  },
};
