import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { InterlockError } from "@interlock/bot";
import { snapshotSqlite } from "@interlock/database";
import Database from "libsql";
import { createKeyFolder } from "../key-vault/key-folder.js";
import { isSealed } from "../key-vault/seal.js";
import { databaseFile } from "../store/open-store.js";

/** The contents of a backup. */
export interface BackedUp {
  /** The number of private keys in it. */
  readonly keys: number;
  /** Whether all of them are encrypted. If not, read access to the backup is enough to act as the authority. */
  readonly sealed: boolean;
}

/** Backs up a data folder; see `on-demand.ts`. */
export async function backUp(dataDir: string, file: string): Promise<BackedUp> {
  const source = join(dataDir, databaseFile);
  if (!existsSync(source))
    throw new InterlockError("NOT_FOUND", `There is no authority in ${dataDir}: name its data folder.`);
  await create(file);
  try {
    // A key exists before its row and at least as long. Reading keys before and after finds the key of every row.
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
    throw new InterlockError("ALREADY_EXISTS", `${file} already exists: choose another name.`);
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
