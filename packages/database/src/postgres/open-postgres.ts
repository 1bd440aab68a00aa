import { InterlockError, type Log } from "@interlock/bot";
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from "kysely";
import type { PostgresAddress } from "../address.js";
import type { Database } from "../database.js";
import { storeUnreachable, unreachableFor } from "../store-fault.js";
import { createTurns } from "../turns.js";
import { createDurabilityCheck } from "./check-durable.js";
import type { PostgresLimits } from "./limits.js";
import type { PostgresListener } from "./listen.js";

/** How a PostgreSQL database is opened. */
export interface PostgresOptions {
  /** The name that PostgreSQL shows for the connections, such as `interlock authority`. */
  readonly application: string;
  /** The advisory lock of `exclusively`: a number that the database uses for nothing else. */
  readonly startLock: number;
  readonly limits: PostgresLimits;
  readonly log: Log;
}

/** An open PostgreSQL database. Any number of processes may open the same one. */
export interface PostgresDatabase<Schema> extends Database<Schema> {
  /** Takes an advisory lock, a number, for the rest of a transaction. Waits while another transaction has it. */
  lock(transaction: Kysely<Schema>, advisoryLock: number): Promise<void>;
  /** Sends a notification once the transaction is committed. */
  notify(transaction: Kysely<Schema>, channel: string, payload: string): Promise<void>;
  /**
   * Calls `onChange` for each notification, and without a payload whenever the connection is there (again), because some may
   * be lost. The connection ends with the database.
   */
  listen(channel: string, onChange: (payload?: string) => void): void;
}

/**
 * Opens a PostgreSQL database that exists. Every connection is refused whose commits may be lost: `fsync=off`,
 * `synchronous_commit=off`, and `synchronous_commit=local` where there are synchronous standbys. A session
 * keeps what was found, and each new connection is judged again: one that is refused later rejects its queries with
 * `STORE_UNREACHABLE` and is logged. A session that cannot write, as after a fail-over, is thrown away at its first refusal.
 *
 * @param address - The address, from `parsePostgresUrl`.
 * @param options - The name of the application, the lock of `exclusively`, the bounds, and the log.
 * @returns The open database.
 * @throws `UNAVAILABLE` with `STORE_UNREACHABLE` when the database cannot be opened, saying why, and `FAILED_PRECONDITION`
 *   when its commits may be lost. The password is in none of them.
 *
 * @example
 * ```ts
 * const limits = { connections: 4, statementMs: 5_000, idleInTransactionMs: 2_000, queryMs: 7_000 };
 * const options = { application: "inventory", startLock: 7, limits, log: jsonLog };
 * const { db, close } = await openPostgres<Schema>(parsePostgresUrl(url), options);
 * ```
 */
export async function openPostgres<Schema>(
  address: PostgresAddress,
  { application, startLock, limits, log }: PostgresOptions,
): Promise<PostgresDatabase<Schema>> {
  // Only here, because most processes use SQLite, and the driver takes time and memory.
  const [{ boundSession, connectionConfig, createPool }, { listen }] = await Promise.all([
    import("./pool.js"),
    import("./listen.js"),
  ]);
  const config = connectionConfig(address.url, application, limits.queryMs);
  const check = createDurabilityCheck(log);
  let opened = false;
  const pool = createPool(config, limits.connections, async (client) => {
    await boundSession(client, limits);
    await check(client).catch((error: unknown) => {
      if (!opened || !(error instanceof InterlockError)) throw error;
      log.error("a connection to the database is refused", { error: error.message });
      throw unreachableFor(error); // The caller can do nothing about it here, but may find another replica.
    });
  });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    await db.destroy();
    throw explained(error, address);
  }
  opened = true;
  const inTurn = createTurns(); // Calls that wait must not hold every connection: the one at work needs another.
  const listeners: PostgresListener[] = [];

  return {
    db,
    now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
    bytes: "bytea",
    locksRows: true,
    exclusively: (work) =>
      inTurn(() =>
        db.connection().execute(async (connection) => {
          await sql`select pg_advisory_lock(${startLock})`.execute(connection);
          try {
            return await work();
          } finally {
            await sql`select pg_advisory_unlock(${startLock})`.execute(connection);
          }
        }),
      ),
    async lock(transaction, advisoryLock) {
      await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(transaction);
    },
    async notify(transaction, channel, payload) {
      await sql`select pg_notify(${channel}, ${payload})`.execute(transaction);
    },
    listen(channel, onChange) {
      listeners.push(listen(config, channel, onChange, log));
    },
    async close() {
      await Promise.all(listeners.splice(0).map((each) => each.close()));
      await db.destroy();
    },
  };
}

/** A failed start says why: only the person that starts the process reads it. */
function explained(error: unknown, { shown, conceal }: PostgresAddress): unknown {
  if (!(error instanceof InterlockError) || error.reason !== storeUnreachable) return error;
  const { cause } = error;
  const errors: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  const said = errors.map((each) => (each instanceof Error ? each.message : String(each))).join(", ");
  return new InterlockError("UNAVAILABLE", `The store at ${shown} cannot be opened: ${conceal(said)}.`, {
    reason: storeUnreachable,
  });
}
