import { chmodSync, closeSync, openSync, realpathSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { CamelCasePlugin, Kysely, SqliteDialect, sql } from "kysely";
import Database from "libsql";
import type { Engine } from "./engine.js";
import type { Schema } from "./schema.js";

const statementsKept = 200;

/**
 * Opens an SQLite database, making it (mode 0600) when there is none. A commit writes to the write-ahead log and leaves it
 * there; `flush` then does what `synchronous=FULL` would do within the commit, but on a thread of its own: SQLite runs
 * on the main one, which would stand still for as long as the disk takes, with every worker waiting.
 */
export function openSqlite(path: string): Engine {
  // SQLite makes files that everyone can read, and gives its log the mode of the database: so we make the file.
  makeFile(path);
  chmodSync(path, 0o600);
  const database = new Database(path);
  database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;");
  const prepared = new Map<string, Database.Statement>();
  // Beside the file itself, where SQLite has it, and not beside a link to it.
  const logPath = `${realpathSync(path)}-wal`;
  let log: Promise<FileHandle> | undefined;
  let lost: Error | undefined;

  /** The log is one and the same file for as long as somebody has the database open. */
  function openLog(): Promise<FileHandle> {
    log ??= open(logPath, "r+").catch((error) => {
      log = undefined; // It may be there the next time.
      throw error;
    });
    return log;
  }

  async function flush(): Promise<void> {
    const file = await openLog();
    if (lost) throw lost;
    await file.datasync().catch((cause) => {
      // The kernel counts what it could not write as written. A later flush would say that all is well, and SQLite reads
      // no further in the log than to the hole.
      lost ??= new Error("The log of the tasks could not be flushed: open the store anew.", { cause });
      throw lost;
    });
  }

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
          log?.then((file) => file.close()).catch(() => {});
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
  return { db, now, bytes: "blob", locksRows: false, flush, exclusively: (work) => work() };
}

/** An empty file of this mode, if there is none. One that is there is not opened: to close it would undo SQLite's locks. */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
