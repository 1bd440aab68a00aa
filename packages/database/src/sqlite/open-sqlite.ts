import { CamelCasePlugin, Kysely, SqliteDialect, sql } from "kysely";
import Libsql from "libsql";
import type { Database } from "../database.js";
import { createTurns } from "../turns.js";
import { prepareFile } from "./prepare-file.js";
import { createStatements } from "./statements.js";

// FULL: a commit flushes the write-ahead log before it returns, so that it survives a crash of the machine.
const settings = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON;";

/**
 * Opens an SQLite database, and creates its file (mode 0600) when it is missing. There is one connection, so there is one
 * transaction at a time. SQLite blocks the calling thread while it works: see `startThread` for a thread of its own.
 *
 * @param path - The path of the file.
 * @returns The open database.
 * @throws When the file cannot be opened, is no database, or has a second name (a hard link).
 *
 * @example
 * ```ts
 * const { db, close } = openSqlite<Schema>("tasks.db");
 * ```
 */
export function openSqlite<Schema>(path: string): Database<Schema> {
  prepareFile(path);
  const database = openFile(path);
  const statements = createStatements(database);
  const db = new Kysely<Schema>({
    dialect: new SqliteDialect({
      database: {
        prepare: statements.prepare,
        close() {
          statements.clear();
          // Statements that wait for the garbage collector keep libsql's file open, so the log is emptied here.
          database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
          database.close();
        },
      },
    }),
    plugins: [new CamelCasePlugin()],
  });
  return {
    db,
    // All users of the file are on one machine, and so have one clock.
    now: sql<number>`cast((julianday('now') - 2440587.5) * 86400000 as integer)`,
    bytes: "blob",
    locksRows: false,
    exclusively: createTurns(),
    close: () => db.destroy(),
  };
}

function openFile(path: string): Libsql.Database {
  const database = new Libsql(path);
  try {
    database.exec(settings);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
