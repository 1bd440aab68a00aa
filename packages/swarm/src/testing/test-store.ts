import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPostgres, type Postgres, startPostgres } from "@interlock/testing-postgres";
import { openTaskStore } from "../store/open-task-store.js";
import type { TaskStore } from "../store/task-store.js";

/** The place for the tasks of one test; empty at first. */
export interface TestStore {
  /** The argument for `openTaskStore`. */
  readonly place: string;
  open(): Promise<TaskStore>;
  /** Removes everything. The stores have to be closed before. */
  remove(): Promise<void>;
}

let server: Promise<Postgres> | undefined;

const engines: Readonly<Record<string, () => Promise<TestStore>>> = {
  SQLite: onSqlite,
  // On a machine without PostgreSQL, one skipped test of `@interlock/testing-postgres` says so.
  ...(typeof findPostgres() !== "string" && { PostgreSQL: onPostgres }),
};

/** Defines the same tests for each engine. */
export function describeOnEach(
  title: string,
  define: (create: () => Promise<TestStore>, engine: string) => void,
): void {
  for (const [name, create] of Object.entries(engines)) describe(`${title}, on ${name}`, () => define(create, name));
}

async function onSqlite(): Promise<TestStore> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-tasks-"));
  const place = join(folder, "tasks.db");
  return { place, open: () => openTaskStore(place), remove: () => rm(folder, { recursive: true }) };
}

async function onPostgres(): Promise<TestStore> {
  server ??= startPostgres();
  const postgres = await server;
  const place = await postgres.createDatabase();
  return { place, open: () => openTaskStore(place), remove: () => postgres.dropDatabase(place) };
}
