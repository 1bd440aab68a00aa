import { Worker } from "node:worker_threads";
import { type StoreThread, startThread } from "@interlock/database";
import { findSqliteThread } from "./find-sqlite-thread.js";
import type { TaskStore } from "./task-store.js";

/** Starts the thread. */
export type Spawn = () => Worker;

/**
 * Opens a store on SQLite, on a thread of its own: SQLite blocks its thread for as long as the disk takes, and heartbeats and
 * emergency stops must not wait for it. When the thread fails, all calls that wait for it reject; the next call of
 * `acquire` starts a new one.
 */
export async function openSqliteOnThread(path: string, spawn: Spawn = spawnThread): Promise<TaskStore> {
  const start = () => startThread<TaskStore>({ spawn, what: `tasks in ${path}`, args: [path] });
  let thread = await start();
  let starting: Promise<StoreThread<TaskStore>> | undefined;
  let closing: Promise<void> | undefined;
  return {
    async acquire(...args) {
      if (thread.over && !closing) {
        starting ??= start().finally(() => {
          starting = undefined;
        });
        thread = await starting;
      }
      return thread.call("acquire", ...args);
    },
    release: (...args) => thread.call("release", ...args),
    inherit: (...args) => thread.call("inherit", ...args),
    commit: (...args) => thread.call("commit", ...args),
    latch: (...args) => thread.call("latch", ...args),
    reset: (...args) => thread.call("reset", ...args),
    audit: (...args) => thread.call("audit", ...args),
    close() {
      closing ??= thread.close();
      return closing;
    },
  };
}

function spawnThread(): Worker {
  // Without the options of this process, which may say how to read its main module.
  return new Worker(findSqliteThread(import.meta.url), { name: "tasks", execArgv: [] });
}
