import type { Worker } from "node:worker_threads";
import { type Code, InterlockError } from "@interlock/bot";
import type { Answer, Failure } from "./message.js";

/** What a thread can be asked for: methods that take and give what can be copied to another thread. */
export type ThreadMethods<Store> = { readonly [M in keyof Store]: (...args: never[]) => Promise<unknown> };

/** A store on a thread of its own. */
export interface StoreThread<Store extends ThreadMethods<Store>> {
  /** Calls a method: one message there and one back. Rejects with what the method rejects with. */
  call<M extends keyof Store & string>(method: M, ...args: Parameters<Store[M]>): ReturnType<Store[M]>;
  /** Why the thread has ended; `undefined` while it runs. */
  readonly over: Error | undefined;
  /** Calls the store's `close`, and resolves once the thread has ended. */
  close(): Promise<void>;
}

/** What `startThread` is told. */
export interface ThreadOptions {
  /** Starts the worker, whose module calls `serveThread`. */
  spawn(): Worker;
  /** What the store is, for errors: `tasks in tasks.db`. */
  readonly what: string;
  /** The arguments with which the thread opens the store. */
  readonly args: readonly unknown[];
}

/**
 * Opens a store on a thread of its own, so that this one does not stand still for as long as the disk takes. When the
 * thread fails, all calls that wait for it reject. It keeps the process alive only while a call waits.
 *
 * @throws What opening the store throws; then there is no thread.
 *
 * @example
 * ```ts
 * const spawn = () => new Worker(new URL("./tasks-thread.js", import.meta.url));
 * const thread = await startThread<Tasks>({ spawn, what: "tasks in tasks.db", args: ["tasks.db"] });
 * await thread.call("add", { name: "brew" });
 * ```
 */
export async function startThread<Store extends ThreadMethods<Store>>(
  options: ThreadOptions,
): Promise<StoreThread<Store>> {
  const { what } = options;
  const worker = options.spawn();
  const calls = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let last = 0;
  let over: Error | undefined;

  function ask(method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise<unknown>((resolve, reject) => {
      if (over) return reject(over);
      calls.set(++last, { resolve, reject });
      worker.ref();
      worker.postMessage({ id: last, method, args });
    });
  }

  function end(reason: Error): void {
    over ??= reason;
    for (const { reject } of calls.values()) reject(over);
    calls.clear();
  }

  worker.on("message", (answer: Answer) => {
    const waiting = calls.get(answer.id);
    calls.delete(answer.id);
    if (calls.size === 0) worker.unref();
    if ("value" in answer) waiting?.resolve(answer.value);
    else waiting?.reject(errorOf(answer.failure, what));
  });
  worker.on("error", (cause) => end(new Error(`The thread of the ${what} failed: ${cause.message}`, { cause })));
  worker.on("exit", () => end(new Error(`The thread of the ${what} has ended.`)));

  async function close(): Promise<void> {
    if (over) return;
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    await ask("close", []).finally(() => {
      end(new Error(`The ${what} are closed.`));
      worker.ref();
    });
    await exit;
  }

  try {
    await ask("open", options.args);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    call: (method, ...args) => ask(method, args) as ReturnType<Store[typeof method]>,
    close,
    get over() {
      return over;
    },
  };
}

function errorOf(failure: Failure, what: string): Error {
  if (failure.kind === "interlock") return new InterlockError(failure.code as Code, failure.message, failure.options);
  const error = new Error(`The ${what}: ${failure.message}`);
  return failure.code === undefined ? error : Object.assign(error, { code: failure.code });
}
