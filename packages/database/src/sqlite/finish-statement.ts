import type Libsql from "libsql";

/** libsql's own types lack the method. */
interface Interruptible {
  interrupt(): void;
}

/** Ends a statement that has failed. `parameters` are those that it was run with. */
export type FinishStatement = (statement: Libsql.Statement, parameters: unknown) => void;

/**
 * Creates the function that ends a statement which has failed because another process holds the database (`SQLITE_BUSY`).
 *
 * SQLite leaves such a statement unfinished, so that its caller can step it again. While one is unfinished, every commit of
 * its connection fails ("SQL statements in progress"), for as long as it exists. libsql has no call that resets it, so it is
 * run once more, interrupted before its first step: that ends it, and changes nothing. An interrupt reaches a statement only
 * while another one is at work, which is why a statement without a table is begun first.
 *
 * It also rolls back the transaction that the statement belongs to.
 */
export function createFinishStatement(database: Libsql.Database): FinishStatement {
  const twoRows = database.prepare("select 1 union all select 2");
  return (statement, parameters) => {
    const rows = twoRows.iterate([]);
    (database as Libsql.Database & Interruptible).interrupt();
    interrupted(() => (statement.reader ? statement.all(parameters) : statement.run(parameters)));
    interrupted(() => [...rows]);
  };
}

function interrupted(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "SQLITE_INTERRUPT") throw error;
  }
}
