import type { SqliteStatement } from "kysely";
import type Libsql from "libsql";
import { createFinishStatement } from "./finish-statement.js";
import { createStatementCache } from "./statement-cache.js";

/** The statements of one SQLite database, as Kysely runs them. */
export interface Statements {
  /** Gives the statement for `text`. */
  prepare(text: string): SqliteStatement;
  /** Drops all prepared statements. */
  clear(): void;
}

/**
 * Creates the statements of `database`. A statement that fails leaves nothing behind that keeps later ones from
 * succeeding: see `createFinishStatement`.
 */
export function createStatements(database: Libsql.Database): Statements {
  const prepared = createStatementCache((text) => guarded(database.prepare(text)));
  const finish = createFinishStatement(database);

  function run<T>(statement: Libsql.Statement, parameters: unknown, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (isBusy(error)) finish(statement, parameters);
      throw error;
    }
  }

  const controls: Readonly<Record<string, SqliteStatement>> = {
    begin: control(() => database.exec("begin")),
    // Statements of `exec` exist only for its duration, so one that fails is never left unfinished.
    commit: control(() => database.exec("commit")),
    // SQLite itself rolls back after some errors (a full disk, an interrupt). Then there is nothing left to do, and an error
    // about that would hide the cause.
    rollback: control(() => {
      if (database.inTransaction) database.exec("rollback");
    }),
  };

  function guarded(statement: Libsql.Statement): SqliteStatement {
    return {
      reader: statement.reader,
      all: (parameters) => run(statement, parameters, () => statement.all(parameters)),
      run: (parameters) => run(statement, parameters, () => statement.run(parameters)) as never,
      iterate: (parameters) => run(statement, parameters, () => statement.iterate(parameters)) as never,
    };
  }

  return { prepare: (text) => controls[text] ?? prepared.get(text), clear: prepared.clear };
}

function control(work: () => void): SqliteStatement {
  return {
    reader: false,
    all: () => [],
    run() {
      work();
      return { changes: 0, lastInsertRowid: 0 };
    },
    iterate: () => [][Symbol.iterator](),
  };
}

function isBusy(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && code.startsWith("SQLITE_BUSY");
}
