import type { Kysely, Migration } from "kysely";

/** Tokens may name an issuer of the operator's choice, which may change; locks may run out. */
export const oauth: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("fleet").addColumn("issuer", "text").execute();
    await db.schema.alterTable("fleet").addColumn("former_issuer", "text").execute();
    await db.schema.alterTable("revocations").addColumn("expires_at", "bigint").execute();
  },
};
