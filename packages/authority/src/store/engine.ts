import type { Unsubscribe } from "@interlock/bot";
import type { Kysely } from "kysely";
import type { Schema } from "./schema.js";

/** A database, and what SQLite and PostgreSQL do each in its own way. */
export interface Engine {
  readonly db: Kysely<Schema>;
  /** Whether other authorities may be at work on it. */
  readonly shared: boolean;
  /** Makes a transaction, which has just begun, the only one that writes until it ends. */
  beginWriting(transaction: Kysely<Schema>): Promise<void>;
  /** Tells every authority on this database that something has changed, once the transaction is committed. */
  announce(transaction: Kysely<Schema>): Promise<void>;
  /** Tells of what others announce, and whenever something may have been missed. */
  onChange(listener: () => void): Unsubscribe;
  /** Runs `work` while no other authority does so. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
