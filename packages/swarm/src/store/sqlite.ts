import { chmodSync, closeSync, openSync, statSync } from "node:fs";
import { CamelCasePlugin, Kysely, SqliteDialect, sql } from "kysely";
import Database from "libsql";
import type { Engine } from "./engine.js";
import type { Schema } from "./schema.js";

const statementsKept = 200;

/**
 * Opens an SQLite database, making it (mode 0600) when there is none. The thread stands still while it works, so
 * `openSqliteOnThread` has it do so on another.
 */
export function openSqlite(path: string): Engine {
  // SQLite makes files that everyone can read, and gives its log the mode of the database: so we make the file.
  makeFile(path);
  if (statSync(path).isDirectory()) throw new Error("that is a folder; name a file in it.");
  chmodSync(path, 0o600);
  const database = new Database(path);
  // FULL: a commit returns once it is on the disk.
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;");
  const prepared = new Map<string, Database.Statement>();

  /** The same few statements come again and again; one that has not come for long is prepared anew. */
  function prepare(text: string): Database.Statement {
    const statement = prepared.get(text) ?? database.prepare(text);
    prepared.delete(text);
    prepared.set(text, statement);
    const [oldest] = prepared.keys();
    if (prepared.size > statementsKept && oldest !== undefined) prepared.delete(oldest);
    return statement;
  }

  const db = new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        prepare,
        close() {
          prepared.clear();
          // Statements that wait for the garbage collector keep libsql's file open, so the log is emptied here.
          database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
          database.close();
        },
      },
    }),
    plugins: [new CamelCasePlugin()],
  });
  // All that share the file are on one machine, and so have one clock.
  const now = sql<number>`cast((julianday('now') - 2440587.5) * 86400000 as integer)`;
  return { db, now, bytes: "blob", locksRows: false, exclusively: (work) => work() };
}

/** An empty file of this mode, if there is none. One that is there is not opened: to close it would undo SQLite's locks. */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
