import { randomUUID } from "node:crypto";
import { InterlockError, type Log } from "@interlock/bot";
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from "kysely";
import type { Engine } from "./engine.js";
import { listen, type PostgresListener } from "./postgres-listener.js";
import { connectionConfig, createPool } from "./postgres-pool.js";
import { type PostgresAddress, parsePostgresUrl } from "./postgres-url.js";
import type { Schema } from "./schema.js";
import { createTurns } from "./turns.js";

const channel = "interlock_authority";

// Advisory locks are numbers that a database knows nothing else of. These are "ILKw" and "ILKs".
const writing = 0x494c_4b77;
const starting = 0x494c_4b73;

/**
 * Opens a PostgreSQL database that is there, empty or one of ours. Any number of authorities may do so: they write one
 * at a time, over all of them, as with SQLite. So a transaction sees everything before it, versions are committed in
 * their order, and no two ever count the same thing.
 *
 * Rejects with `INVALID_ARGUMENT`, `UNAVAILABLE` or `FAILED_PRECONDITION`; the password is in none of them.
 */
export async function openPostgres(address: string, log: Log): Promise<Engine> {
  const parsed = parsePostgresUrl(address);
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool: createPool(parsed.url) }),
    plugins: [new CamelCasePlugin()],
  });
  try {
    await checkDurable(db);
  } catch (error) {
    await db.destroy();
    throw explained(error, parsed);
  }
  const self = randomUUID();
  const inTurn = createTurns(); // Those that wait must not hold every connection: the one at work needs another.
  const listeners = new Set<() => void>();
  let listener: PostgresListener | undefined;
  // Its own changes are known here; and what they end, such as the call that made them, is ended after its answer.
  const tell = (announcer?: string) => {
    if (announcer === self) return;
    for (const each of listeners) each();
  };

  return {
    db,
    shared: true,
    async beginWriting(transaction) {
      await sql`select pg_advisory_xact_lock(${writing})`.execute(transaction);
    },
    async announce(transaction) {
      await sql`select pg_notify(${channel}, ${self})`.execute(transaction);
    },
    onChange(each) {
      listeners.add(each);
      listener ??= listen(connectionConfig(parsed.url), channel, tell, log);
      return () => listeners.delete(each);
    },
    exclusively: (work) =>
      inTurn(() =>
        db.connection().execute(async (connection) => {
          await sql`select pg_advisory_lock(${starting})`.execute(connection);
          try {
            return await work();
          } finally {
            await sql`select pg_advisory_unlock(${starting})`.execute(connection);
          }
        }),
      ),
    async close() {
      await listener?.close();
      await db.destroy();
    },
  };
}

/** An answer of ours says that it is on the disk. */
async function checkDurable(db: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ value: string }>`select current_setting('synchronous_commit') as value`.execute(db);
  if (rows[0]?.value !== "off") return;
  throw new InterlockError(
    "FAILED_PRECONDITION",
    "The store's synchronous_commit is off, so a revocation could be lost in a crash: turn it on for this role.",
  );
}

/** A failed start says why: to whom starts it, who may know. */
function explained(error: unknown, { shown, password }: PostgresAddress): unknown {
  if (!(error instanceof InterlockError) || error.reason !== "STORE_UNREACHABLE") return error;
  const { cause } = error;
  const errors = cause instanceof AggregateError ? cause.errors : [cause];
  const said = errors.map((each) => (each instanceof Error ? each.message : String(each))).join(", ");
  const safe = password === "" ? said : said.replaceAll(password, "…");
  return new InterlockError("UNAVAILABLE", `The store at ${shown} cannot be opened: ${safe}.`, {
    reason: "STORE_UNREACHABLE",
  });
}
