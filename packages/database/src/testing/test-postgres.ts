import { silentLog } from "@interlock/bot";
import { findPostgres, type Postgres, startPostgres } from "@interlock/testing-postgres";
import pg from "pg";
import { parsePostgresUrl } from "../address.js";
import { openPostgres, type PostgresDatabase } from "../postgres/open-postgres.js";

/** Whether tests on PostgreSQL can run; where they cannot, one skipped test of `@interlock/testing-postgres` says so. */
export const hasPostgres = typeof findPostgres() !== "string";

let server: Promise<Postgres> | undefined;

/** The one PostgreSQL of this process; it ends with it. */
export function testPostgres(): Promise<Postgres> {
  server ??= startPostgres();
  return server;
}

/** Opens a database with limits that fit a test. */
export function openTestDatabase<Schema>(url: string, log = silentLog): Promise<PostgresDatabase<Schema>> {
  const limits = { connections: 3, statementMs: 5_000, idleInTransactionMs: 5_000, queryMs: 6_000 };
  return openPostgres(parsePostgresUrl(url), { application: "interlock test", startLock: 7, limits, log });
}

/** Runs statements over a connection of their own, past everything that is tested. Gives the first value of the last. */
export async function asAdmin(url: string, ...statements: string[]): Promise<unknown> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let value: unknown;
    for (const text of statements) value = (await client.query({ text, rowMode: "array" })).rows[0]?.[0];
    return value;
  } finally {
    await client.end();
  }
}
