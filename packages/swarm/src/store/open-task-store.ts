import { parseDatabaseUrl } from "@interlock/database";
import { createTaskStore } from "./create-task-store.js";
import { migrate } from "./migrations.js";
import { openSqliteOnThread } from "./open-sqlite-on-thread.js";
import { openTaskDatabase } from "./open-task-database.js";
import type { TaskStore } from "./task-store.js";

/**
 * Opens a store of tasks, and brings it up to date: an SQLite file, which is created when it is missing, or a PostgreSQL
 * database, which several leaders may share.
 *
 * @param place The path of a file, or `postgres://user:password@host:port/database`.
 * @throws `INVALID_ARGUMENT` when the place is malformed; on PostgreSQL also `UNAVAILABLE` when it cannot be reached and
 *   `FAILED_PRECONDITION` when its commits may be lost, as with `synchronous_commit=off`.
 *
 * @example
 * ```ts
 * await openTaskStore("tasks.db");
 * await openTaskStore("postgres://swarm:secret@localhost:5432/swarm");
 * ```
 */
export async function openTaskStore(place: string): Promise<TaskStore> {
  const address = parseDatabaseUrl(place);
  if (address.engine === "sqlite") return openSqliteOnThread(address.path);
  const database = await openTaskDatabase(address);
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return createTaskStore(database);
}
