import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg from "pg";
import { fromPostgres, isAnswer } from "./postgres-error.js";

/** How a connection is made. */
export type ConnectionConfig = pg.ClientConfig;

/** What every connection to a store has in common. */
export function connectionConfig(url: string): ConnectionConfig {
  return {
    connectionString: url,
    application_name: "interlock authority",
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // An authority that hangs, or is stopped, must not hold what the others wait for.
    statement_timeout: 15_000,
    idle_in_transaction_session_timeout: 15_000,
    query_timeout: 20_000,
    types: { getTypeParser },
  };
}

/** A pool of connections whose errors are ours. One that breaks, used or idle, is replaced by the next. */
export function createPool(url: string): PostgresPool {
  const pool = new pg.Pool({ ...connectionConfig(url), max: 10 });
  pool.on("error", () => {});
  return {
    async connect() {
      const client = await pool.connect().catch(translated);
      let broken = false;
      const onError = () => {
        broken = true;
      };
      client.on("error", onError);
      const query = (text: string, values: readonly unknown[]) =>
        client.query(text, [...values]).catch((error: unknown) => {
          broken ||= !isAnswer(error);
          return translated(error);
        });
      function release(): void {
        client.off("error", onError);
        client.release(broken);
      }
      return { query, release } as unknown as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}

function translated(error: unknown): never {
  throw fromPostgres(error);
}

// bigint comes as text, because it may not fit; ours are times and counts, and fit.
const int8 = 20;

function getTypeParser(oid: number, format?: "text" | "binary"): unknown {
  return oid === int8 ? Number : pg.types.getTypeParser(oid, format as "text");
}
