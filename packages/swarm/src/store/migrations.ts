import type { Database } from "@interlock/database";
import { type Kysely, type Migration, Migrator, sql } from "kysely";
import type { Schema } from "./schema.js";

/** Everything the first release remembers; `Schema` says what each column is. */
function first(bytes: Database<Schema>["bytes"]): Migration {
  return {
    async up(db: Kysely<unknown>) {
      const { schema } = db;
      await schema
        .createTable("leadership")
        .addColumn("id", "integer", (c) => c.primaryKey().notNull())
        .addColumn("epoch", "bigint", (c) => c.notNull())
        .addColumn("holder", "text", (c) => c.notNull())
        .addColumn("leads_until", "bigint", (c) => c.notNull())
        .execute();
      await sql`insert into leadership (id, epoch, holder, leads_until) values (1, 0, '', 0)`.execute(db);
      await schema
        .createTable("tasks")
        .addColumn("task_id", "text", (c) => c.primaryKey().notNull())
        .addColumn("sequence", "bigint", (c) => c.notNull())
        .addColumn("revision", "bigint", (c) => c.notNull())
        .addColumn("state", "integer", (c) => c.notNull())
        .addColumn("session_id", "text", (c) => c.notNull())
        .addColumn("idempotency_key", "text", (c) => c.notNull())
        .addColumn("request_digest", "text", (c) => c.notNull())
        .addColumn("task", bytes, (c) => c.notNull())
        .execute();
      await sql`create unique index tasks_by_key on tasks (idempotency_key) where idempotency_key <> ''`.execute(db);
      await schema
        .createTable("stops")
        .addColumn("stop_id", "text", (c) => c.primaryKey().notNull())
        .addColumn("issuer", "text", (c) => c.notNull())
        .addColumn("reason", "text", (c) => c.notNull())
        .addColumn("issued_at", "bigint", (c) => c.notNull())
        .addColumn("reset_at", "bigint")
        .addColumn("reset_by", "text", (c) => c.notNull())
        .addColumn("reset_reason", "text", (c) => c.notNull())
        .execute();
      await schema
        .createTable("audit")
        .addColumn("id", "text", (c) => c.primaryKey().notNull())
        .addColumn("at", "bigint", (c) => c.notNull())
        .addColumn("kind", "text", (c) => c.notNull())
        .addColumn("actor", "text", (c) => c.notNull())
        .addColumn("subject", "text", (c) => c.notNull())
        .addColumn("attempt", "bigint", (c) => c.notNull())
        .addColumn("lease_token", "bigint", (c) => c.notNull())
        .addColumn("reason", "text", (c) => c.notNull())
        .execute();
      await schema.createIndex("audit_by_time").on("audit").column("at").execute();
    },
  };
}

/** Idempotency keys outlive their tasks. */
function keys(bytes: Database<Schema>["bytes"]): Migration {
  return {
    async up({ schema }: Kysely<unknown>) {
      await schema
        .createTable("forgotten_keys")
        .addColumn("sequence", "bigint", (c) => c.primaryKey().notNull())
        .addColumn("closed_at", "bigint", (c) => c.notNull())
        .addColumn("keys", bytes, (c) => c.notNull())
        .execute();
    },
  };
}

/** Long payloads are written once, and not with each change of their task. */
function payloads(bytes: Database<Schema>["bytes"]): Migration {
  return {
    async up({ schema }: Kysely<unknown>) {
      await schema
        .alterTable("tasks")
        .addColumn("payload_apart", "integer", (c) => c.notNull().defaultTo(0))
        .execute();
      await schema
        .createTable("payloads")
        .addColumn("task_id", "text", (c) => c.primaryKey().notNull())
        .addColumn("payload", bytes, (c) => c.notNull())
        .execute();
    },
  };
}

/** Brings a database to the newest schema, all in one transaction or not at all. */
export async function migrate({ db, bytes, exclusively }: Database<Schema>): Promise<void> {
  // Every migration there ever was, by a name that never changes; a new one goes at the end.
  const migrations: Readonly<Record<string, Migration>> = {
    "0001-first": first(bytes),
    "0002-keys": keys(bytes),
    "0003-payloads": payloads(bytes),
  };
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: "swarm_migration",
    migrationLockTableName: "swarm_migration_lock",
  });
  const { error } = await exclusively(() => migrator.migrateToLatest());
  if (error) throw error;
}
