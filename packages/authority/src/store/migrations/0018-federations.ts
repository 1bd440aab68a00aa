import type { Kysely, Migration } from "kysely";

/** Keeps other trust domains of which some identities are believed. */
export const federations: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable("federations")
      .addColumn("trust_domain", "text", (c) => c.primaryKey().notNull())
      .addColumn("endpoint_url", "text", (c) => c.notNull())
      .addColumn("endpoint_profile", "text", (c) => c.notNull())
      .addColumn("endpoint_id", "text", (c) => c.notNull())
      .addColumn("services", "text", (c) => c.notNull())
      .addColumn("identities", "text", (c) => c.notNull())
      .addColumn("ca_certificates", "text", (c) => c.notNull())
      .addColumn("sequence", "text")
      .addColumn("refresh_hint_seconds", "bigint")
      .addColumn("fetched_at", "bigint", (c) => c.notNull())
      .addColumn("failed_at", "bigint")
      .addColumn("failure", "text", (c) => c.notNull())
      .addColumn("since", "bigint", (c) => c.notNull())
      .addColumn("added_by", "text", (c) => c.notNull())
      .addColumn("revoked_at", "bigint")
      .addColumn("revoked_by", "text", (c) => c.notNull())
      .execute();
  },
};
