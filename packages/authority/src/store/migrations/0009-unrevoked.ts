import type { Kysely, Migration } from "kysely";

/** Gives the column with the end of a revocation the word that everything else uses: unrevoked. */
export const unrevoked: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("revocations").renameColumn("lifted_at", "unrevoked_at").execute();
  },
};
