import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg from "pg";
import type { PostgresLimits } from "./limits.js";
import { fromPostgres, isAnswer } from "./postgres-error.js";

/** Creates the settings that every connection has in common. `application` is the name that PostgreSQL shows. */
export function connectionConfig(url: string, application: string, limits: PostgresLimits): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: application,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: limits.statementMs,
    idle_in_transaction_session_timeout: limits.idleInTransactionMs,
    query_timeout: limits.queryMs,
    types: { getTypeParser },
  };
}

/**
 * Creates a pool of connections whose errors are ours. A connection that breaks, in use or idle, is replaced by the next.
 *
 * @param check Judges each new connection before its first query; one that it rejects is closed, and its user gets the error.
 */
export function createPool(
  config: pg.ClientConfig,
  connections: number,
  check: (client: pg.ClientBase) => Promise<void>,
): PostgresPool {
  const pool = new pg.Pool({ ...config, max: connections });
  const checked = new WeakSet<pg.PoolClient>();
  pool.on("error", () => {});
  return {
    async connect() {
      const client = await pool.connect().catch(translated);
      let broken = false;
      // Also between two queries, where nobody waits for an answer and the error would end the process.
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
      if (!checked.has(client)) {
        await check(client).catch((error: unknown) => {
          broken = true;
          release();
          return translated(error);
        });
        checked.add(client);
      }
      return { query, release } as unknown as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}

function translated(error: unknown): never {
  throw fromPostgres(error);
}

// PostgreSQL's bigint comes as text, because it may not fit into a number. Ours are times and counts, and fit.
const int8 = 20;

function getTypeParser(oid: number, format?: "text" | "binary"): unknown {
  return oid === int8 ? Number : pg.types.getTypeParser(oid, format as "text");
}
