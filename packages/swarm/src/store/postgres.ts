import { InterlockError } from "@interlock/bot";
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import type { Engine } from "./engine.js";
import type { Schema } from "./schema.js";

// bigint comes as text, because it may not fit; ours are times, counts and revisions, and fit.
const int8 = 20;
// An advisory lock is a number that a database knows nothing else of. This is "ILKt".
const starting = 0x494c_4b74;

/**
 * Opens a PostgreSQL database that is there. Any number of leaders may do so. One on another machine is reached over TLS,
 * with its certificate verified, unless the URL has an `sslmode` of its own.
 */
export function openPostgres(address: string): Engine {
  const pool = new pg.Pool({
    connectionString: verified(address),
    application_name: "interlock swarm",
    connectionTimeoutMillis: 5_000,
    // A leader that hangs must not hold what the next one waits for.
    statement_timeout: 5_000,
    idle_in_transaction_session_timeout: 2_000,
    query_timeout: 7_000,
    max: 4,
    types: { getTypeParser },
  });
  // A connection that breaks is replaced by the next. Whoever uses it at the moment is told by his query; where he is
  // between two of them, for example because this process stood still, the error would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
  return {
    db,
    now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
    bytes: "bytea",
    locksRows: true,
    exclusively: (work) =>
      db.connection().execute(async (connection) => {
        await sql`select pg_advisory_lock(${starting})`.execute(connection);
        try {
          return await work();
        } finally {
          await sql`select pg_advisory_unlock(${starting})`.execute(connection);
        }
      }),
  };
}

const here = new Set(["", "localhost", "127.0.0.1", "[::1]"]);

function verified(address: string): string {
  if (!URL.canParse(address)) {
    // The text has a password in it, so it is not said.
    throw new InterlockError("INVALID_ARGUMENT", "Write postgres://user:password@host:port/database.");
  }
  const url = new URL(address);
  if (!here.has(url.hostname) && !url.searchParams.has("sslmode")) url.searchParams.set("sslmode", "verify-full");
  return url.href;
}

function getTypeParser(oid: number, format?: "text" | "binary"): unknown {
  return oid === int8 ? Number : pg.types.getTypeParser(oid, format as "text");
}
