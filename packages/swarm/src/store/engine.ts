import type { Kysely, RawBuilder } from "kysely";
import type { Schema } from "./schema.js";

/** A database, and where the two kinds of it differ. */
export interface Engine {
  readonly db: Kysely<Schema>;
  /** The moment, in milliseconds since the epoch, by the one clock that all leaders share. */
  readonly now: RawBuilder<number>;
  /** The column type of bytes. */
  readonly bytes: "blob" | "bytea";
  /** Whether several may write at a time, so that a row can be locked by somebody else. */
  readonly locksRows: boolean;
  /** Runs `work` while nobody else runs his. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}
