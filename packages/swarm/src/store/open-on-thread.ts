import { once } from "node:events";
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

/** An error as it gets from one thread to another: a copy has no more than a name, a message and a stack. */
export type Failure = { readonly reason: SwarmReason } | { readonly error: unknown; readonly code?: string };

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Opens a store on SQLite, on a thread of its own: SQLite stands still for as long as the disk takes, and whoever waits
 * for a heartbeat or an emergency stop shall not.
 */
export async function openOnThread(path: string): Promise<TaskStore> {
  // With none of the options of this process: they may say how to read its main module.
  const thread = new Worker(new URL("./sqlite-thread.js", import.meta.url), { name: "tasks", execArgv: [] });
  const calls = new Map<number, Call>();
  let last = 0;
  let over: Error | undefined;

  function call<M extends keyof Methods>(method: M, ...args: Parameters<Methods[M]>): ReturnType<Methods[M]> {
    const answered = new Promise<unknown>((resolve, reject) => {
      if (over) return reject(over);
      calls.set(++last, { resolve, reject });
      thread.ref();
      thread.postMessage({ id: last, method, args });
    });
    return answered as ReturnType<Methods[M]>;
  }

  function end(reason: Error): void {
    over ??= reason;
    for (const { reject } of calls.values()) reject(over);
    calls.clear();
  }

  thread.on("message", (answer: Answer) => {
    const waiting = calls.get(answer.id);
    calls.delete(answer.id);
    // It keeps the process alive for as long as somebody waits for it, and no longer.
    if (calls.size === 0) thread.unref();
    if ("value" in answer) waiting?.resolve(answer.value);
    else waiting?.reject(errorOf(answer.failure));
  });
  thread.on("error", (cause) =>
    end(new Error("The thread of the task store has failed: open the store anew.", { cause })),
  );
  thread.on("exit", () => end(new Error("The task store is closed.")));

  try {
    await call("open", path);
  } catch (error) {
    await thread.terminate();
    throw error;
  }
  return {
    acquire: (...args) => call("acquire", ...args),
    release: (...args) => call("release", ...args),
    inherit: (...args) => call("inherit", ...args),
    commit: (...args) => call("commit", ...args),
    latch: (...args) => call("latch", ...args),
    reset: (...args) => call("reset", ...args),
    audit: (...args) => call("audit", ...args),
    async close() {
      if (over) return;
      const exit = once(thread, "exit");
      await call("close");
      thread.ref();
      await exit;
    },
  };
}

function errorOf(failure: Failure): unknown {
  if ("reason" in failure) return swarmError(failure.reason);
  const { error, code } = failure;
  return code !== undefined && error instanceof Error ? Object.assign(error, { code }) : error;
}
