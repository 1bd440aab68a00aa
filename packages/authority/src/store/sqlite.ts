import { openSqlite as openDatabase } from "@interlock/database";
import type { Engine } from "./engine.js";
import type { Schema } from "./schema.js";

/** Opens the authority's SQLite database, and creates it when it is missing. Lock its folder first. */
export function openSqlite(path: string): Engine {
  const { db, exclusively, close } = openDatabase<Schema>(path);
  return {
    db,
    // There is one connection, so there is one transaction at a time; and one authority, which holds the folder.
    shared: false,
    beginWriting: async () => {},
    announce: async () => {},
    onChange: () => () => {},
    exclusively,
    close,
  };
}
