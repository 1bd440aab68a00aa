import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg from "pg";
import type { PostgresLimits } from "./limits.js";
import { fromPostgres, isAnswer, isReadOnly } from "./postgres-error.js";

/**
 * Creates the settings that every connection has in common. `application` is the name that PostgreSQL shows. The bounds that
 * the server keeps are set by `boundSession`: a pooler such as PgBouncer takes few parameters with a new connection.
 */
export function connectionConfig(url: string, application: string, queryMs: number): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: application,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: queryMs,
    types: { getTypeParser },
  };
}

/** Sets the bounds that PostgreSQL itself keeps, for the rest of a session. */
export async function boundSession(client: pg.ClientBase, limits: PostgresLimits): Promise<void> {
  const { statementMs, idleInTransactionMs } = limits;
  await client.query(
    "select set_config('statement_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $2, false)",
    [String(statementMs), String(idleInTransactionMs)],
  );
}

/**
 * Creates a pool of connections whose errors are ours. A connection that breaks, in use or idle, is replaced by the next. So
 * is one that cannot write, with all that were opened before the refusal: after a fail-over a session may stay read-only for
 * as long as it lasts, or lead to a server that is no primary any more, and would give old data to those who only read.
 *
 * @param check - Judges each new connection before its first query; one that it rejects is closed, and its user gets the error.
 */
export function createPool(
  config: pg.ClientConfig,
  connections: number,
  check: (client: pg.ClientBase) => Promise<void>,
): PostgresPool {
  const pool = new pg.Pool({ ...config, max: connections });
  /** The connections that were checked, each with the generation in which it was opened. */
  const checked = new WeakMap<pg.PoolClient, number>();
  /** Grows with each refusal to write. Connections of earlier generations are not used again. */
  let generation = 0;
  pool.on("error", () => {});

  /** Takes a connection out of the pool, and closes those on the way that belong to an earlier generation. */
  async function take(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect().catch(translated);
      if ((checked.get(client) ?? generation) === generation) return client;
      discard(client);
    }
  }

  return {
    async connect() {
      const client = await take();
      const openedIn = generation;
      let broken = false;
      // Also between two queries, when no call waits for an answer and the error would end the process.
      const onError = () => {
        broken = true;
      };
      client.on("error", onError);
      const query = (text: string, values: readonly unknown[]) =>
        client.query(text, [...values]).catch((error: unknown) => {
          broken ||= !isAnswer(error);
          // A refusal that an earlier one has answered for already counts once.
          if (isReadOnly(error) && openedIn === generation) generation++;
          return translated(error);
        });
      function release(): void {
        client.off("error", onError);
        if (openedIn !== generation) discard(client);
        else client.release(broken);
      }
      if (!checked.has(client)) {
        await check(client).catch((error: unknown) => {
          broken = true;
          release();
          return translated(error);
        });
        checked.set(client, openedIn);
      }
      return { query, release } as unknown as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}

/**
 * Ends a connection together with its session in PostgreSQL. Behind a pooler, a connection that is only closed gives its
 * session to the next one.
 */
function discard(client: pg.PoolClient): void {
  client.on("error", () => {});
  client.query("select pg_terminate_backend(pg_backend_pid())").then(
    () => client.release(true),
    () => client.release(true),
  );
}

function translated(error: unknown): never {
  throw fromPostgres(error);
}

// PostgreSQL's bigint comes as text, because it may not fit into a number. Ours are times and counts, and fit.
const int8 = 20;

function getTypeParser(oid: number, format?: "text" | "binary"): unknown {
  return oid === int8 ? Number : pg.types.getTypeParser(oid, format as "text");
}
