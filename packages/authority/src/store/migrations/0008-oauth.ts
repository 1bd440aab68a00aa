import type { Kysely, Migration } from "kysely";

/** An issuer of the operator's choice, which may change, and revocations that expire. */
export const oauth: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("fleet").addColumn("issuer", "text").execute();
    await db.schema.alterTable("fleet").addColumn("former_issuer", "text").execute();
    await db.schema.alterTable("revocations").addColumn("expires_at", "bigint").execute();
  },
};
