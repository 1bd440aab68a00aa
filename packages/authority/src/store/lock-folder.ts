import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";

/**
 * Makes `folder` (mode 0700) and holds it for this process until the function returned is called. The lock is the
 * operating system's, on an SQLite database of its own, so it ends with the process however that ends.
 *
 * Throws when another process, or another authority in this one, holds the folder.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const path = join(folder, "authority.lock");
  closeSync(openSync(path, "a", 0o600));
  const database = new Database(path, { timeout: 0 });
  try {
    // Through exec alone: a prepared statement would keep the file, and so the lock, past close().
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw new Error(`Another authority is running on ${folder}. Stop it, or use another data folder.`, { cause });
  }
  return () => database.close();
}
