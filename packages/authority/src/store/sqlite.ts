import { chmodSync, closeSync, openSync } from "node:fs";
import { CamelCasePlugin, Kysely, SqliteDialect } from "kysely";
import Database from "libsql";
import type { Engine } from "./engine.js";
import type { Schema } from "./schema.js";
import { createStatementCache } from "./statement-cache.js";
import { createTurns } from "./turns.js";

/**
 * Opens an SQLite database, making it (mode 0600) when there is none. What has been committed survives a crash of the
 * machine: `synchronous=FULL` flushes the write-ahead log before a commit returns.
 */
export function openSqlite(path: string): Engine {
  // SQLite makes files that everyone can read, and gives its log the mode of the database: so we make the file.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const database = new Database(path);
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; PRAGMA foreign_keys=ON;");
  const statements = createStatementCache(database);
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
    // There is one connection, so one transaction at a time; and one authority, which holds the folder.
    shared: false,
    beginWriting: async () => {},
    announce: async () => {},
    onChange: () => () => {},
    exclusively: createTurns(),
    close: () => db.destroy(),
  };
}
