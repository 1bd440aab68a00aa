import { setTimeout as delay } from "node:timers/promises";
import { InterlockError } from "@interlock/bot";

/** Options for a stream that is kept open. */
export interface FollowOptions<T> {
  /** Opens the stream at one of the addresses. */
  open(address: string, signal: AbortSignal): AsyncIterable<T>;
  onMessage(message: T): void;
  /** Is called when the stream has ended; it will be opened again. */
  onEnd?(error: InterlockError): void;
  /** After this number of milliseconds without a message the stream counts as dead, even if nothing has closed it. */
  readonly silentMs?: number;
  readonly signal: AbortSignal;
}

const firstWaitMs = 50;
const longestWaitMs = 1_000;
/** The pause after a refusal: permissions rarely change within a second. */
const refusedWaitMs = 5_000;

/** Reads a stream until `signal` aborts: when it ends it is opened again, at the next address. */
export async function follow<T>(addresses: readonly string[], options: FollowOptions<T>): Promise<void> {
  const { open, onMessage, onEnd, silentMs, signal } = options;
  let waitMs = firstWaitMs;
  for (let turn = 0; !signal.aborted; turn++) {
    const silence = createSilence(silentMs);
    let failure = new InterlockError("UNAVAILABLE", "The stream was ended.", { reason: "SERVER_UNREACHABLE" });
    try {
      const either = AbortSignal.any([signal, silence.signal]);
      for await (const message of open(addresses[turn % addresses.length] as string, either)) {
        silence.broken();
        waitMs = firstWaitMs;
        onMessage(message);
      }
    } catch (error) {
      failure = silence.signal.aborted
        ? new InterlockError("UNAVAILABLE", `Nothing was heard for ${silentMs} ms.`)
        : InterlockError.from(error);
    } finally {
      silence.end();
    }
    if (signal.aborted) return;
    onEnd?.(failure);
    const refused = failure.code === "PERMISSION_DENIED" || failure.reason === "IDENTITY_REVOKED";
    await delay(refused ? refusedWaitMs : waitMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    waitMs = Math.min(waitMs * 2, longestWaitMs);
  }
}

/** A watchdog: its signal aborts when nothing resets it in time. */
function createSilence(ms: number | undefined): { signal: AbortSignal; broken(): void; end(): void } {
  const silent = new AbortController();
  const timer = ms === undefined ? undefined : setTimeout(() => silent.abort(), ms);
  return { signal: silent.signal, broken: () => timer?.refresh(), end: () => clearTimeout(timer) };
}
