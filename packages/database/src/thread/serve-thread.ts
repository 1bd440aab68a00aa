import { parentPort } from "node:worker_threads";
import { InterlockError } from "@interlock/bot";
import type { Answer, Ask, Failure } from "./message.js";

type Served = Readonly<Record<string, (...args: never[]) => unknown>>;

/**
 * Serves a store from a worker thread to the `startThread` that started it. The first call opens the store, each other one
 * is a method of it, and the thread ends after `close`.
 *
 * @param open Opens the store, with the arguments that `startThread` was given.
 *
 * @example
 * ```ts
 * serveThread(async (path: string) => createTaskStore(openSqlite(path)));
 * ```
 */
export function serveThread<Args extends readonly unknown[]>(open: (...args: Args) => Promise<object>): void {
  let store: Served | undefined;

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
    if (method !== "open") return store?.[method]?.(...(args as never[]));
    store = (await open(...(args as unknown as Args))) as Served;
    return undefined;
  }
}

function answer(message: Answer): void {
  parentPort?.postMessage(message);
}

function failureOf(error: unknown): Failure {
  if (error instanceof InterlockError) {
    const { code, message, reason, domain, metadata } = error;
    const known = { metadata, ...(reason !== undefined && { reason }), ...(domain !== undefined && { domain }) };
    return { kind: "interlock", code, message, options: known };
  }
  const { message, code } = error as { readonly message?: unknown; readonly code?: unknown };
  const text = typeof code === "string" && code !== "" ? code : undefined;
  return { kind: "other", message: String(message ?? error), code: text };
}
