import { InterlockError } from "@interlock/bot";
import { createTaskStore } from "./create-task-store.js";
import { migrate } from "./migrations.js";
import { openSqliteOnThread } from "./open-sqlite-on-thread.js";
import { openPostgres } from "./postgres.js";
import type { TaskStore } from "./task-store.js";

/**
 * Opens a store of tasks, and brings it up to date: an SQLite file, which is made when there is none, or a PostgreSQL
 * database, which several leaders may share.
 *
 * ```ts
 * await openTaskStore("tasks.db");
 * await openTaskStore("postgres://swarm:secret@localhost:5432/swarm");
 * ```
 */
export async function openTaskStore(place: string): Promise<TaskStore> {
  if (!/^postgres(ql)?:/.test(place)) {
    // A letter alone is a drive. It is not said what it was, for there may be a password in it.
    if (/^(\w{2,})?:/.test(place)) {
      throw new InterlockError(
        "INVALID_ARGUMENT",
        "Name a file for the tasks, or postgres://user:password@host/database.",
      );
    }
    return openSqliteOnThread(place);
  }
  const engine = openPostgres(place);
  try {
    await migrate(engine);
  } catch (error) {
    await engine.db.destroy();
    throw error;
  }
  return createTaskStore(engine);
}
