import Libsql from "libsql";

/**
 * Copies an SQLite database into `target`, as of one moment, without what was deleted. The database may be in use, also in
 * this process: SQLite does the copying. (To copy the file by other means would read half of a transaction, and would drop
 * the locks that this process has on it.)
 *
 * @param target A file that is missing or empty.
 */
export function snapshotSqlite(source: string, target: string): void {
  const database = new Libsql(source, { timeout: 5_000, readonly: true });
  try {
    database.exec(`VACUUM INTO '${target.replaceAll("'", "''")}'`);
  } finally {
    database.close();
  }
}
