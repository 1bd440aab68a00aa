import { type Kysely, type Migration, sql } from "kysely";

/** Roots with intermediates, their activation, and the root above each leaf. */
export const caRotation: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    for (const column of ["root", "issuers", "key_name"]) {
      await schema
        .alterTable("ca_certificates")
        .addColumn(column, "text", (c) => c.notNull().defaultTo(""))
        .execute();
    }
    await schema.alterTable("ca_certificates").addColumn("activated_at", "bigint").execute();
    await schema
      .alterTable("certificates")
      .addColumn("root", "text", (c) => c.notNull().defaultTo(""))
      .execute();
    // Before this migration there was one root, which signed leaves itself.
    await sql`update ca_certificates set root = digest, key_name = 'ca.key', activated_at = created_at`.execute(db);
    await sql`update certificates set root = coalesce((select max(digest) from ca_certificates), '')`.execute(db);
    await schema.createIndex("certificates_by_root").on("certificates").columns(["root", "expires_at"]).execute();
  },
};
