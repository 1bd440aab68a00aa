import { lstatSync } from "node:fs";
import { join } from "node:path";
import { InterlockError, type Log } from "@interlock/bot";
import { fromSqlite } from "@interlock/database";
import type { Engine } from "./engine.js";
import { migrate } from "./migrate.js";
import { openPostgres } from "./postgres.js";
import { openSqlite } from "./sqlite.js";
import { createStore, type Store } from "./store.js";

/** The name of the SQLite database in a data folder. */
export const databaseFile = "authority.db";

/** Opens the store in a data folder (`authority.db`), and brings it up to date. Lock the folder first. */
export async function openStore(folder: string): Promise<Store> {
  const path = join(folder, databaseFile);
  // The lock is the folder's, so it would not guard a database in another folder.
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new InterlockError("FAILED_PRECONDITION", `${path} is a link: make the whole data folder a link instead.`);
  }
  return openOn(openAt(path));
}

function openAt(path: string): Engine {
  try {
    return openSqlite(path);
  } catch (error) {
    throw fromSqlite(error);
  }
}

/** Opens a store on PostgreSQL, `postgres://user:password@host:port/database`, and brings it up to date. */
export async function openSharedStore(url: string, log: Log): Promise<Store> {
  return openOn(await openPostgres(url, log));
}

/** Brings a database up to date, and opens the store on it. */
export async function openOn(engine: Engine): Promise<Store> {
  try {
    await engine.exclusively(() => migrate(engine.db));
  } catch (error) {
    await engine.close().catch(() => {}); // The first error says what is wrong.
    throw fromSqlite(error);
  }
  return createStore(engine);
}
