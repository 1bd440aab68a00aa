import type { Kysely, Migration } from "kysely";

/** Revocations can be lifted. */
export const locks: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("revocations").addColumn("lifted_at", "bigint").execute();
  },
};
