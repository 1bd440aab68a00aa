import { Worker } from "node:worker_threads";
import { type SwarmReason, swarmError } from "../swarm-error.js";
import type { TaskStore } from "./task-store.js";

interface Methods extends TaskStore {
  open(path: string): Promise<void>;
}

/** What the thread is asked for. */
export type Ask = {
  [M in keyof Methods]: { readonly id: number; readonly method: M; readonly args: Parameters<Methods[M]> };
}[keyof Methods];

/** What the thread answers: a value, or what went wrong. */
export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: Failure });

/** An error as it gets from one thread to another, taken apart: to what copies it, an error of libsql is none. */
export type Failure = { readonly reason: SwarmReason } | { readonly message: string; readonly code?: string };

/** Starts the thread. */
export type Spawn = () => Worker;

interface Thread {
  call<M extends keyof Methods>(method: M, ...args: Parameters<Methods[M]>): ReturnType<Methods[M]>;
  /** Why it is gone. */
  readonly over: Error | undefined;
  close(): Promise<void>;
}

/**
 * Opens a store on SQLite, on a thread of its own: SQLite stands still for as long as the disk takes, and whoever waits
 * for a heartbeat or an emergency stop shall not. When the thread fails, so does whoever waits for it; the next leader
 * has a new one.
 */
export async function openSqliteOnThread(path: string, spawn: Spawn = spawnThread): Promise<TaskStore> {
  let thread = await startThread(path, spawn);
  let starting: Promise<Thread> | undefined;
  let closing: Promise<void> | undefined;
  return {
    async acquire(...args) {
      if (thread.over && !closing) {
        starting ??= startThread(path, spawn).finally(() => {
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
  // With none of the options of this process: they may say how to read its main module.
  return new Worker(new URL("./sqlite-thread.js", import.meta.url), { name: "tasks", execArgv: [] });
}

async function startThread(path: string, spawn: Spawn): Promise<Thread> {
  const worker = spawn();
  const calls = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let last = 0;
  let over: Error | undefined;

  const call: Thread["call"] = (method, ...args) => {
    const answered = new Promise<unknown>((resolve, reject) => {
      if (over) return reject(over);
      calls.set(++last, { resolve, reject });
      worker.ref();
      worker.postMessage({ id: last, method, args });
    });
    return answered as ReturnType<Methods[typeof method]>;
  };

  function end(reason: Error): void {
    over ??= reason;
    for (const { reject } of calls.values()) reject(over);
    calls.clear();
  }

  worker.on("message", (answer: Answer) => {
    const waiting = calls.get(answer.id);
    calls.delete(answer.id);
    // It keeps the process alive for as long as somebody waits for it, and no longer.
    if (calls.size === 0) worker.unref();
    if ("value" in answer) waiting?.resolve(answer.value);
    else waiting?.reject(errorOf(answer.failure, path));
  });
  worker.on("error", (cause) =>
    end(new Error(`The thread of the tasks in ${path} failed: ${cause.message}`, { cause })),
  );
  worker.on("exit", () => end(new Error(`The thread of the tasks in ${path} has ended.`)));

  async function close(): Promise<void> {
    if (over) return;
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    await call("close").finally(() => {
      end(new Error(`The tasks in ${path} are closed.`));
      worker.ref();
    });
    await exit;
  }

  try {
    await call("open", path);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    call,
    close,
    get over() {
      return over;
    },
  };
}

function errorOf(failure: Failure, path: string): Error {
  if ("reason" in failure) return swarmError(failure.reason);
  const { message, ...rest } = failure;
  return Object.assign(new Error(`The tasks in ${path}: ${message}`), rest);
}
