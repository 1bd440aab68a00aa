import type { Unsubscribe } from "@interlock/bot";
import type { Database } from "@interlock/database";
import type { Kysely } from "kysely";
import type { Schema } from "./schema.js";

/** The authority's database: what it needs beside queries, which SQLite and PostgreSQL do each in its own way. */
export interface Engine extends Pick<Database<Schema>, "db" | "exclusively" | "close"> {
  /** Whether other authorities may be at work on the database. */
  readonly shared: boolean;
  /** Makes a transaction, which has just begun, the only one that writes until it ends. */
  beginWriting(transaction: Kysely<Schema>): Promise<void>;
  /** Tells every authority on this database that something has changed, once the transaction is committed. */
  announce(transaction: Kysely<Schema>): Promise<void>;
  /** Calls the listener when another authority has announced a change, and whenever a change may have been missed. */
  onChange(listener: () => void): Unsubscribe;
}
