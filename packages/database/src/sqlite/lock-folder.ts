import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import Libsql from "libsql";
import { prepareFile } from "./prepare-file.js";

/**
 * Creates `folder` (mode 0700) and locks it for this process, until the returned function is called. The lock is held by
 * the operating system, on an SQLite database of its own (`NAME.lock`), so it ends with the process however that ends.
 * Another name of the same folder, such as a symbolic link, leads to the same lock.
 *
 * Nothing in this process may open and close the lock file except SQLite: that would drop the lock. See `prepareFile`.
 *
 * @param folder - The folder; it is created when it is missing.
 * @param name - What runs on the folder, such as `authority`; in the name of the lock file and in the error.
 * @returns A function that releases the lock.
 * @throws When another process holds the folder, or an earlier call in this one; and when it cannot be locked at all.
 *
 * @example
 * ```ts
 * const unlock = lockFolder("data", "authority");
 * ```
 */
export function lockFolder(folder: string, name: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const path = join(folder, `${name}.lock`);
  prepareFile(path);
  const database = new Libsql(path, { timeout: 0 });
  try {
    // Through exec alone: a prepared statement would keep the file, and so the lock, past close().
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close(); // SQLite keeps its descriptor open for as long as this process has a lock on the file.
    const { code = "", message } = cause as Error & { readonly code?: string };
    if (!/^SQLITE_(?:BUSY|LOCKED)/.test(code)) throw new Error(`${folder} cannot be locked: ${message}`, { cause });
    throw new Error(`Another ${name} is running on ${folder}. Stop it, or use another data folder.`, { cause });
  }
  return () => database.close();
}
