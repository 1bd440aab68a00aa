import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "@interlock/bot";
import pg from "pg";

/** A connection that listens. */
export interface PostgresListener {
  /** Ends the connection. */
  close(): Promise<void>;
}

const reconnectMs = 500;

/**
 * Listens on a channel (`LISTEN`) over a connection of its own, until it is closed. A connection that breaks is made again
 * after half a second. `onChange` is called with the payload of every notification, and without one whenever the connection
 * is there again, because notifications are lost in between.
 */
export function listen(
  config: pg.ClientConfig,
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

  /** Runs one connection, from its beginning to its end. */
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
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
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
