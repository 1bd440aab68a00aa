import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { InterlockError, type Log } from "@interlock/bot";
import { lockFolder, snapshotSqlite } from "@interlock/database";
import { sql } from "kysely";
import Database from "libsql";
import { createKeyFolder } from "../key-vault/key-folder.js";
import { databaseFile, openOn, openSharedStore } from "../store/open-store.js";
import { openSqlite } from "../store/sqlite.js";
import type { Store } from "../store/store.js";
import { markRestored } from "./mark-restored.js";

/** Restores a data folder; see `on-demand.ts`. */
export async function restore(file: string, dataDir: string, now: number): Promise<void> {
  checkBackup(file);
  const target = join(dataDir, databaseFile);
  checkFree(dataDir, target);
  const release = lockFolder(dataDir, "authority");
  const half = `${target}.restoring`;
  const rests = [half, `${half}-wal`, `${half}-shm`];
  try {
    checkFree(dataDir, target); // Again: until the lock was there, another restore could finish.
    for (const rest of rests) await rm(rest, { force: true });
    await (await open(half, "wx", 0o600)).close();
    snapshotSqlite(file, half);
    const engine = openSqlite(half);
    const store = await openOn(engine);
    try {
      await takeKeys(store, dataDir);
      await store.transaction((records) => markRestored(records, now));
      await sql`vacuum`.execute(engine.db); // Deleted rows stay in the file until then.
    } finally {
      await store.close();
    }
    await rename(half, target);
  } finally {
    for (const rest of rests) await rm(rest, { force: true });
    release();
  }
}

/** Marks a PostgreSQL store as restored; see `on-demand.ts`. */
export async function restoredWithPostgres(url: string, now: number, log: Log): Promise<void> {
  const store = await openSharedStore(url, log);
  try {
    if (!(await store.fleet.get()))
      throw new InterlockError("NOT_FOUND", "There is no fleet in that database: name the restored one.");
    await store.transaction((records) => markRestored(records, now));
  } finally {
    await store.close();
  }
}

function checkFree(dataDir: string, target: string): void {
  if (!existsSync(target)) return;
  throw new InterlockError("FAILED_PRECONDITION", `${dataDir} already has an authority: move it elsewhere first.`);
}

function checkBackup(file: string): void {
  if (!existsSync(file)) throw new InterlockError("NOT_FOUND", `There is no file ${file}: name the backup.`);
  let problem: unknown;
  try {
    const database = new Database(file, { readonly: true });
    try {
      const { integrity_check: found } = database.prepare("PRAGMA integrity_check").get() as Record<string, string>;
      const { fleets } = database.prepare("SELECT count(*) AS fleets FROM fleet").get() as Record<string, number>;
      database.prepare("SELECT count(*) FROM private_keys").get();
      if (found === "ok" && fleets === 1) return;
      problem = found;
    } finally {
      database.close();
    }
  } catch (error) {
    problem = error;
  }
  throw new InterlockError("INVALID_ARGUMENT", `${file} is not a backup of an authority, or it is damaged.`, {
    cause: problem,
  });
}

async function takeKeys({ privateKeys }: Store, dataDir: string): Promise<void> {
  const folder = createKeyFolder(dataDir);
  for (const name of await privateKeys.names()) {
    const key = await privateKeys.find(name);
    if (key) await folder.write(name, key.text);
    await privateKeys.delete(name);
  }
}
