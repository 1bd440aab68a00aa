import { createTaskStore } from "./create-task-store.js";
import type { Engine } from "./engine.js";
import { migrate } from "./migrations.js";
import { openPostgres } from "./postgres.js";
import { openSqlite } from "./sqlite.js";
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
  const engine: Engine = /^postgres(ql)?:\/\//.test(place) ? openPostgres(place) : openSqlite(place);
  try {
    await migrate(engine);
  } catch (error) {
    await engine.db.destroy();
    throw error;
  }
  return createTaskStore(engine);
}
