// The thread of a store on SQLite: it does what `openSqliteOnThread` asks for, and answers.
import { parentPort } from "node:worker_threads";
import { isSwarmError } from "../swarm-error.js";
import { createTaskStore } from "./create-task-store.js";
import { migrate } from "./migrations.js";
import type { Answer, Ask, Failure } from "./open-sqlite-on-thread.js";
import { openSqlite } from "./sqlite.js";
import type { TaskStore } from "./task-store.js";

let store: TaskStore;

parentPort?.on("message", async (ask: Ask) => {
  const { id } = ask;
  try {
    answer({ id, value: await carryOut(ask) });
  } catch (error) {
    answer({ id, failure: failureOf(error) });
  }
  if (ask.method === "close") parentPort?.close();
});

async function carryOut({ method, args }: Ask): Promise<unknown> {
  if (method !== "open") return (store[method] as (...all: unknown[]) => unknown)(...args);
  const engine = openSqlite(...args);
  await migrate(engine);
  store = createTaskStore(engine);
  return undefined;
}

function answer(message: Answer): void {
  parentPort?.postMessage(message);
}

function failureOf(error: unknown): Failure {
  if (isSwarmError(error)) return { reason: error.reason };
  const { message, code } = error as { readonly message?: unknown; readonly code?: unknown };
  return { message: String(message ?? error), ...(typeof code === "string" && code !== "" && { code }) };
}
