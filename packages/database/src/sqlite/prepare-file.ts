import { chmodSync, closeSync, openSync, statSync } from "node:fs";

/**
 * Makes `path` a file with mode 0600, and creates it empty when it is missing. SQLite itself creates files that everyone
 * can read, and gives its log the mode of the database.
 *
 * A file that is there is never opened here. POSIX locks belong to the process: to close any descriptor of a file drops
 * every lock that this process has on it, those of SQLite among them, and then another process gets the lock as well.
 * (`fcntl(2)`; "How To Corrupt An SQLite Database File", section 2.2.)
 *
 * @throws When the path is a folder, and when the file has a second name (a hard link): SQLite would keep a log for each
 *   name, and the lock of one folder would not guard the other.
 */
export function prepareFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600)); // This very call has created it, so that SQLite has no lock on it.
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const found = statSync(path);
  if (found.isDirectory()) throw new Error("that is a folder; name a file in it.");
  if (found.nlink > 1) throw new Error(`${path} has a second name (a hard link). Copy the file instead.`);
  chmodSync(path, 0o600);
}
