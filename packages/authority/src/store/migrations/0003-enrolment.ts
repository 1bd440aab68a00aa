import { type Kysely, type Migration, sql } from "kysely";

/** Uses and ids of join tokens, retirement of bots, and generations of certificates. */
export const enrolment: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    for (const column of ["uses", "used"]) {
      const initial = column === "uses" ? 1 : 0;
      await schema
        .alterTable("join_tokens")
        .addColumn(column, "bigint", (c) => c.notNull().defaultTo(initial))
        .execute();
    }
    await schema
      .alterTable("join_tokens")
      .addColumn("id", "text", (c) => c.notNull().defaultTo(""))
      .execute();
    await sql`update join_tokens set used = 1 where used_at is not null`.execute(db);
    // "~" is not a hexadecimal digit, so these ids never equal the ids of new tokens.
    await sql`update join_tokens set id = '~' || secret_hash`.execute(db);
    await schema.createIndex("join_tokens_by_id").on("join_tokens").column("id").unique().execute();

    await schema.alterTable("bots").addColumn("retired_at", "bigint").execute();
    await schema
      .createTable("certificates")
      .addColumn("serial", "text", (c) => c.primaryKey().notNull())
      .addColumn("name", "text", (c) => c.notNull())
      .addColumn("generation", "bigint", (c) => c.notNull())
      .addColumn("issued_at", "bigint", (c) => c.notNull())
      .addColumn("expires_at", "bigint", (c) => c.notNull())
      .execute();
    await schema
      .createTable("lineages")
      .addColumn("name", "text", (c) => c.primaryKey().notNull())
      .addColumn("first_generation", "bigint", (c) => c.notNull())
      .addColumn("last_generation", "bigint", (c) => c.notNull())
      .addColumn("seen_generation", "bigint", (c) => c.notNull())
      .addColumn("seen_serial", "text", (c) => c.notNull())
      .execute();
    await sql`insert into certificates (serial, name, generation, issued_at, expires_at)
      select certificate_serial, name, 1, joined_at, certificate_expires_at from bots`.execute(db);
    await sql`insert into lineages (name, first_generation, last_generation, seen_generation, seen_serial)
      select name, 1, 1, 0, '' from bots`.execute(db);
  },
};
