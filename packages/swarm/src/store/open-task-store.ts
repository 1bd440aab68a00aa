import { createTaskStore } from "./create-task-store.js";
import { migrate } from "./migrations.js";
import { openOnThread } from "./open-on-thread.js";
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
  if (!/^postgres(ql)?:\/\//.test(place)) return openOnThread(place);
  const engine = openPostgres(place);
  try {
    await migrate(engine);
  } catch (error) {
    await engine.db.destroy();
    throw error;
  }
  return createTaskStore(engine);
}
