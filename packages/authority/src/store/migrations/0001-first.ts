import type { Kysely, Migration } from "kysely";

/** The tables of the first release; {@link Schema} documents the columns. */
export const first: Migration = {
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema
      .createTable("fleet")
      .addColumn("id", "integer", (c) => c.primaryKey())
      .addColumn("trust_domain", "text", (c) => c.notNull())
      .addColumn("trust_version", "bigint", (c) => c.notNull())
      .addColumn("created_at", "bigint", (c) => c.notNull())
      .execute();
    await schema
      .createTable("ca_certificates")
      .addColumn("digest", "text", (c) => c.primaryKey().notNull())
      .addColumn("certificate", "text", (c) => c.notNull())
      .addColumn("created_at", "bigint", (c) => c.notNull())
      .addColumn("not_after", "bigint", (c) => c.notNull())
      .execute();
    await schema
      .createTable("signing_keys")
      .addColumn("kid", "text", (c) => c.primaryKey().notNull())
      .addColumn("public_jwk", "text", (c) => c.notNull())
      .addColumn("created_at", "bigint", (c) => c.notNull())
      .execute();
    await schema
      .createTable("join_tokens")
      .addColumn("secret_hash", "text", (c) => c.primaryKey().notNull())
      .addColumn("name", "text", (c) => c.notNull())
      .addColumn("created_at", "bigint", (c) => c.notNull())
      .addColumn("expires_at", "bigint", (c) => c.notNull())
      .addColumn("used_at", "bigint")
      .execute();
    await schema
      .createTable("bots")
      .addColumn("name", "text", (c) => c.primaryKey().notNull())
      .addColumn("joined_at", "bigint", (c) => c.notNull())
      .addColumn("certificate_serial", "text", (c) => c.notNull())
      .addColumn("certificate_expires_at", "bigint", (c) => c.notNull())
      .execute();
    await schema
      .createTable("revocations")
      .addColumn("kind", "text", (c) => c.notNull())
      .addColumn("subject", "text", (c) => c.notNull())
      .addColumn("revoked_at", "bigint", (c) => c.notNull())
      .addColumn("reason", "text", (c) => c.notNull())
      .addColumn("trust_version", "bigint", (c) => c.notNull().unique())
      .addPrimaryKeyConstraint("revocations_pk", ["kind", "subject"])
      .execute();
    await schema
      .createTable("grant_versions")
      .addColumn("version", "bigint", (c) => c.primaryKey().notNull())
      .addColumn("yaml", "text", (c) => c.notNull())
      .addColumn("applied_at", "bigint", (c) => c.notNull())
      .addColumn("applied_by", "text", (c) => c.notNull())
      .execute();
    await schema
      .createTable("endpoints")
      .addColumn("spiffe_id", "text", (c) => c.notNull())
      .addColumn("service", "text", (c) => c.notNull())
      .addColumn("address", "text", (c) => c.notNull())
      .addColumn("reported_at", "bigint", (c) => c.notNull())
      .addPrimaryKeyConstraint("endpoints_pk", ["spiffe_id", "service", "address"])
      .execute();
    await schema.createIndex("endpoints_by_service").on("endpoints").column("service").execute();
    await schema
      .createTable("usage")
      .addColumn("spiffe_id", "text", (c) => c.notNull())
      .addColumn("method", "text", (c) => c.notNull())
      .addColumn("caller", "text", (c) => c.notNull())
      .addColumn("denial", "text", (c) => c.notNull())
      .addColumn("count", "bigint", (c) => c.notNull())
      .addColumn("last_at", "bigint", (c) => c.notNull())
      .addPrimaryKeyConstraint("usage_pk", ["spiffe_id", "method", "caller", "denial"])
      .execute();
  },
};
