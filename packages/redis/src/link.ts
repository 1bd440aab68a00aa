import { createObservable, type Log, type Observable } from "@interlock/bot";
import { createBackoff } from "@interlock/bot/internal";
import type { Connection } from "./connection.js";
import type { Lease } from "./lease-script.js";
import { limitKey, type Rate } from "./limit-key.js";

/** Whether the limits are shared with others, or Redis is away and this process is alone. */
export type LimitsState = "shared" | "alone";

/** What asks Redis for tokens, and finds out when it is away and when it is back. */
export interface Link {
  readonly state: Observable<LimitsState>;
  /** Takes tokens, or gives them back. Never rejects; `undefined` while Redis is away, and at once when it turns out to be. */
  take(key: string, rate: Rate, count: number): Promise<Lease | undefined>;
  /** Ends the connection. From then on Redis is away. */
  close(): void;
}

/** The parts of a {@link Link}. */
export interface LinkOptions {
  readonly open: () => Promise<Connection>;
  /** How long an answer may take. After one that took longer, Redis is away. */
  readonly timeoutMs: number;
  /** Begins the name of the key that is written to find out whether Redis is back. */
  readonly prefix: string;
  readonly log: Log;
  /** The fields of both log lines. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A return that lasted this long was one: the next probe after a loss comes soon. */
const steadyMs = 10_000;
/** Any number of tokens is there: the probe shows that Redis can write, as a replica or a full one cannot. */
const probeRate: Rate = { perSecond: 1_000, burst: 1_000_000 };

/**
 * Opens the link. It resolves when the first attempt to connect has succeeded or failed.
 *
 * One request that is not answered in time, or refused, ends the connection, and every other request with it: each call waits at most
 * once. From then on nobody waits, until a probe in the background has connected, and has taken a token in time.
 */
export async function openLink({ open, timeoutMs, prefix, log, fields }: LinkOptions): Promise<Link> {
  const state = createObservable<LimitsState>("alone");
  const backoff = createBackoff();
  const pending = new Set<() => void>(); // Bounded by the limiters: each asks once at a time for each of its keys.
  const probeKey = limitKey(prefix, "probe", probeRate, "");
  let connection: Connection | undefined;
  let changedAt = performance.now();
  let probing: NodeJS.Timeout | undefined;
  let closed = false;

  /** Asks over one connection, and rejects when the answer takes too long. */
  function ask(over: Connection, key: string, rate: Rate, count: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`no answer within ${timeoutMs} ms`));
      // After a turn of the loop in which sockets are read: this process may have been busy, and not Redis.
      const timer = setTimeout(() => setImmediate(late), timeoutMs);
      const answer = over.take(key, rate, count).finally(() => clearTimeout(timer));
      answer.then(resolve, reject);
    });
  }

  async function probe(): Promise<void> {
    const opened = await open();
    try {
      await ask(opened, probeKey, probeRate, 1);
    } catch (error) {
      opened.destroy();
      throw error;
    }
    if (closed) return opened.destroy();
    connection = opened;
    opened.onEnd((error) => lose(opened, error));
  }

  function lose(lost: Connection, error: Error): void {
    if (connection !== lost) return;
    connection = undefined;
    lost.destroy();
    if (performance.now() - changedAt > steadyMs) backoff.reset();
    alone(error);
    for (const settle of pending) settle();
    pending.clear();
  }

  function alone(error: Error): void {
    changedAt = performance.now();
    log.warn("limits alone", { ...fields, error: error.message });
    state.replace("alone");
    probeLater();
  }

  function shared(): void {
    const aloneMs = Math.round(performance.now() - changedAt);
    changedAt = performance.now();
    log.info("limits shared", { ...fields, aloneMs });
    state.replace("shared");
  }

  function probeLater(): void {
    const again = () =>
      void probe().then(
        () => closed || shared(),
        () => closed || probeLater(),
      );
    probing = setTimeout(again, backoff.next()).unref();
  }

  await probe().then(() => state.replace("shared"), alone);
  return {
    state,
    take(key, rate, count) {
      const over = connection;
      if (!over) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        const settle = (lease?: Lease) => {
          pending.delete(settle);
          resolve(lease);
        };
        pending.add(settle);
        ask(over, key, rate, count).then(settle, (error) => {
          lose(over, error);
          settle();
        });
      });
    },
    close() {
      closed = true;
      clearTimeout(probing);
      connection?.destroy();
      connection = undefined;
      for (const settle of pending) settle();
      if (state.current() === "shared") state.replace("alone");
    },
  };
}
