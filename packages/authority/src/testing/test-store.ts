import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@interlock/bot";
import { findPostgres, type Postgres, startPostgres } from "@interlock/testing-postgres";
import { createKeyFolder } from "../key-vault/key-folder.js";
import { createKeyTable } from "../key-vault/key-table.js";
import { createKeyVault, type KeyVault } from "../key-vault/key-vault.js";
import type { Engine } from "../store/engine.js";
import { databaseFile, openSharedStore, openStore } from "../store/open-store.js";
import { openPostgres } from "../store/postgres.js";
import { openSqlite } from "../store/sqlite.js";
import type { Store } from "../store/store.js";

/** The place of a test's store, empty at first. */
export interface TestStore {
  /** A folder of the test; on SQLite the data folder. */
  readonly folder: string;
  /** The store's URL, on PostgreSQL. */
  readonly url: string | undefined;
  open(): Promise<Store>;
  /** Opens the database without migrations. */
  openEngine(): Promise<Engine>;
  /** Returns the unencrypted private keys of an open store. */
  vault(store: Store): KeyVault;
  /** Removes the store. Close it first. */
  remove(): Promise<void>;
}

let server: Promise<Postgres> | undefined;

/** Returns the PostgreSQL server of this process, which stops with it. */
export function testPostgres(): Promise<Postgres> {
  server ??= startPostgres();
  return server;
}

/** Whether tests on PostgreSQL can run. If not, a skipped test of `@interlock/testing-postgres` says so. */
export const hasPostgres = typeof findPostgres() !== "string";

const engines: Readonly<Record<string, () => Promise<TestStore>>> = {
  SQLite: onSqlite,
  ...(hasPostgres && { PostgreSQL: onPostgres }),
};

/** Defines the same tests for every engine. */
export function describeOnEach(title: string, define: (create: () => Promise<TestStore>) => void): void {
  for (const [name, create] of Object.entries(engines)) describe(`${title}, on ${name}`, () => define(create));
}

async function onSqlite(): Promise<TestStore> {
  const folder = await newFolder();
  return {
    folder,
    url: undefined,
    open: () => openStore(folder),
    openEngine: async () => openSqlite(join(folder, databaseFile)),
    vault: () => createKeyVault(createKeyFolder(folder)),
    remove: () => rm(folder, { recursive: true }),
  };
}

async function onPostgres(): Promise<TestStore> {
  const postgres = await testPostgres();
  const [folder, url] = [await newFolder(), await postgres.createDatabase()];
  return {
    folder,
    url,
    open: () => openSharedStore(url, silentLog),
    openEngine: () => openPostgres(url, silentLog),
    vault: ({ privateKeys }) => createKeyVault(createKeyTable(privateKeys)),
    async remove() {
      await postgres.dropDatabase(url);
      await rm(folder, { recursive: true });
    },
  };
}

function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "interlock-store-"));
}
