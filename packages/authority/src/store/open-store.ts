import { join } from "node:path";
import { migrate } from "./migrate.js";
import { openSqlite } from "./sqlite.js";
import { createStore, type Store } from "./store.js";

/** Opens the store in a data folder (`authority.db`), and brings it up to date. */
export async function openStore(folder: string): Promise<Store> {
  const db = openSqlite(join(folder, "authority.db"));
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return createStore(db);
}
