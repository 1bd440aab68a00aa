import type Libsql from "libsql";

const statementsKept = 200;

/** The prepared statements of one SQLite database, 200 at most. */
export interface StatementCache {
  /** Gives the statement for `text`. The statement that was used longest ago is dropped when there are too many. */
  prepare(text: string): Libsql.Statement;
  /** Drops all statements. */
  clear(): void;
}

/** Creates the cache of the statements of `database`. To prepare a statement takes longer than to run it. */
export function createStatementCache(database: Libsql.Database): StatementCache {
  const prepared = new Map<string, Libsql.Statement>();
  return {
    prepare(text) {
      const statement = prepared.get(text) ?? database.prepare(text);
      prepared.delete(text);
      prepared.set(text, statement);
      const [oldest] = prepared.keys();
      if (prepared.size > statementsKept && oldest !== undefined) prepared.delete(oldest);
      return statement;
    },
    clear: () => prepared.clear(),
  };
}
