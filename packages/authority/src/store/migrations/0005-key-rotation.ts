import type { Kysely, Migration } from "kysely";

/** The times at which token keys begin to sign and are withdrawn. */
export const keyRotation: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable("signing_keys")
      .addColumn("signs_from", "bigint", (c) => c.notNull().defaultTo(0))
      .execute();
    await db.schema.alterTable("signing_keys").addColumn("withdrawn_at", "bigint").execute();
  },
};
