import type Database from "libsql";

const statementsKept = 200;

/** Keeps the statements that a database has prepared. */
export interface StatementCache {
  /** The same few come again and again; one that has not come for long is prepared anew. */
  prepare(text: string): Database.Statement;
  clear(): void;
}

/** Prepares the statements of `database`, each once. */
export function createStatementCache(database: Database.Database): StatementCache {
  const prepared = new Map<string, Database.Statement>();
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
