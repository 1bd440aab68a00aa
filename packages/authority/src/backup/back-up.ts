import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { snapshotSqlite } from "@interlock/database";
import Database from "libsql";
import { createKeyFolder } from "../key-vault/key-folder.js";
import { isSealed } from "../key-vault/seal.js";
import { databaseFile } from "../store/open-store.js";

/** What a backup holds. */
export interface BackedUp {
  /** How many private keys are in it. */
  readonly keys: number;
  /** Whether all of them are encrypted; if not, whoever reads the backup is the authority. */
  readonly sealed: boolean;
}

/**
 * Writes everything in a data folder into one new file (mode 0600): an SQLite database, with the private keys as they
 * are, sealed or not. The authority may run meanwhile; the backup is of one moment. Rejects with `NOT_FOUND` where there
 * is nothing to back up, and with `ALREADY_EXISTS`, and never writes over anything.
 */
export async function backUp(dataDir: string, file: string): Promise<BackedUp> {
  const source = join(dataDir, databaseFile);
  if (!existsSync(source)) throw new InterlockError("NOT_FOUND", `There is no authority in ${dataDir}.`);
  await create(file);
  try {
    // A key is there before its row, and as long as that: looked for before and after, every row has its key.
    const before = await readKeys(dataDir);
    snapshotSqlite(source, file);
    const keys = new Map([...before, ...(await readKeys(dataDir))]);
    addKeys(file, keys);
    return { keys: keys.size, sealed: [...keys.values()].every(isSealed) };
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

async function create(file: string): Promise<void> {
  const handle = await open(file, "wx", 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") throw cause;
    throw new InterlockError("ALREADY_EXISTS", `${file} is there already: choose another name.`);
  });
  await handle.close();
}

async function readKeys(dataDir: string): Promise<Map<string, string>> {
  const folder = createKeyFolder(dataDir);
  const keys = new Map<string, string>();
  for (const name of await folder.names()) {
    const text = await folder.read(name);
    if (text !== undefined) keys.set(name, text);
  }
  return keys;
}

function addKeys(file: string, keys: ReadonlyMap<string, string>): void {
  const database = new Database(file);
  try {
    database.exec("PRAGMA synchronous=EXTRA; BEGIN");
    const insert = database.prepare("INSERT INTO private_keys (name, text) VALUES (?, ?)");
    for (const [name, text] of keys) insert.run(name, text);
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}
