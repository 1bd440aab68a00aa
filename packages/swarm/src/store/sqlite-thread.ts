// The thread of a store on SQLite: the whole store is here, so that a batch is one message each way.
import { openSqlite, serveThread } from "@interlock/database";
import { createTaskStore } from "./create-task-store.js";
import { migrate } from "./migrations.js";
import type { Schema } from "./schema.js";

serveThread(async (path: string) => {
  const database = openSqlite<Schema>(path);
  await migrate(database);
  return createTaskStore(database);
});
