const statementsKept = 200;

/** The prepared statements of one SQLite database, 200 at most. */
export interface StatementCache<T> {
  /** Gives the statement for `text`. The statement that was used longest ago is dropped when there are too many. */
  get(text: string): T;
  /** Drops all statements. */
  clear(): void;
}

/** Creates the cache of what `prepare` makes of a text. To prepare a statement takes longer than to run it. */
export function createStatementCache<T>(prepare: (text: string) => T): StatementCache<T> {
  const prepared = new Map<string, T>();
  return {
    get(text) {
      const statement = prepared.get(text) ?? prepare(text);
      prepared.delete(text);
      prepared.set(text, statement);
      const [oldest] = prepared.keys();
      if (prepared.size > statementsKept && oldest !== undefined) prepared.delete(oldest);
      return statement;
    },
    clear: () => prepared.clear(),
  };
}
