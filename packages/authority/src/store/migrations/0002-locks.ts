import type { Kysely, Migration } from "kysely";

/** Revocations can end. */
export const locks: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("revocations").addColumn("lifted_at", "bigint").execute();
  },
};
