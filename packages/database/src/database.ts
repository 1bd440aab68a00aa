import type { Kysely, RawBuilder } from "kysely";

/**
 * An open database, with what SQLite and PostgreSQL do differently. On both, a committed transaction is on the disk, and
 * columns are written in camelCase in queries and in snake_case in tables.
 */
export interface Database<Schema> {
  /** The queries. */
  readonly db: Kysely<Schema>;
  /** The current time in milliseconds since the epoch, by the one clock that all users of the database share. */
  readonly now: RawBuilder<number>;
  /** The column type of bytes. */
  readonly bytes: "blob" | "bytea";
  /**
   * Whether several transactions may write at a time, so that another one can hold the lock of a row. PostgreSQL: true.
   * SQLite: false, a writing transaction has the whole database.
   */
  readonly locksRows: boolean;
  /**
   * Runs `work` while no other call of `exclusively` is at work. PostgreSQL: over all processes on this database that have
   * the same `startLock`. SQLite: over this one open database; `lockFolder` keeps other processes away.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Closes every connection. */
  close(): Promise<void>;
}
