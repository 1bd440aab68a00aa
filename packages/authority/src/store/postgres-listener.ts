import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "@interlock/bot";
import pg from "pg";
import type { ConnectionConfig } from "./postgres-pool.js";

/** What listens. */
export interface PostgresListener {
  close(): Promise<void>;
}

const reconnectMs = 500;

/**
 * Listens on a channel (`LISTEN`) over a connection of its own, until it is closed. `onChange` is called for every
 * notification, with its payload, and whenever the connection is there again, because what was announced meanwhile is
 * lost.
 */
export function listen(
  config: ConnectionConfig,
  channel: string,
  onChange: (payload?: string) => void,
  log: Log,
): PostgresListener {
  const closing = new AbortController();
  const { signal } = closing;
  const running = run();

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await connection().catch((error: unknown) => {
        if (!signal.aborted) log.warn("the store's notifications are interrupted", { error: String(error) });
      });
      await sleep(reconnectMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** One connection, from its beginning to its end. */
  async function connection(): Promise<void> {
    const client = new pg.Client(config);
    const ended = new Promise<void>((_, reject) => {
      client.once("error", reject);
      client.once("end", () => reject(new Error("the connection has ended")));
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    ended.catch(() => {});
    client.on("error", () => {});
    client.on("notification", ({ payload }) => onChange(payload));
    try {
      await Promise.race([client.connect(), ended]);
      await client.query(`listen ${channel}`);
      onChange();
      await ended;
    } finally {
      await client.end().catch(() => {});
    }
  }

  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}
