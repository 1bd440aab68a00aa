import type { Connection } from "@interlock/wire";

/** What {@link createKeepalive} works with. */
export interface KeepaliveOptions {
  readonly connection: Pick<Connection, "streams" | "lastReceived" | "ping">;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Counts the headers and the content that have come: what lets a server take more pings. */
  answers(): number;
  /** Called once, when the other end gives no sign of life. */
  lost(): void;
}

/**
 * What a server of grpc-go or grpcio takes without a word: by default it ends a connection with the fourth ping since its last
 * answer, unless the pings are five minutes apart.
 */
const patientMs = 310_000;

/**
 * Asks for signs of life on a connection that has calls under way and is silent: after `keepaliveMs`, after twice as long, and
 * then each five minutes, until there is an answer. It costs a call nothing: one timer runs, however many calls there are.
 *
 * @returns A function that ends it.
 */
export function createKeepalive(options: KeepaliveOptions): () => void {
  const { connection, keepaliveMs, keepaliveTimeoutMs, answers, lost } = options;
  if (!Number.isFinite(keepaliveMs)) return () => {};
  let asked = 0; // Since the last answer.
  let answered = answers();
  let timer = setTimeout(look, keepaliveMs).unref();

  function look(): void {
    if (answers() !== answered) {
      answered = answers();
      asked = 0;
    }
    const pauseMs = asked === 0 ? keepaliveMs : asked === 1 ? 2 * keepaliveMs : Math.max(2 * keepaliveMs, patientMs);
    const left = connection.lastReceived + pauseMs - performance.now();
    if (left > 1) return void again(left);
    if (connection.streams === 0) return void again(keepaliveMs);
    asked++;
    const before = connection.lastReceived;
    connection.ping(() => {});
    timer = setTimeout(() => {
      if (connection.lastReceived === before) lost();
      else look();
    }, keepaliveTimeoutMs).unref();
  }

  function again(ms: number): void {
    timer = setTimeout(look, Math.min(ms, patientMs)).unref();
  }

  return () => clearTimeout(timer);
}
