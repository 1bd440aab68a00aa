import type { Socket } from "node:net";
import { knock, type Outcome } from "./knock.js";
import { createPace } from "./pace.js";
import type { NextPair, Pair } from "./pairs.js";
import { type Doubts, judge } from "./verdict.js";

/** How ports are tried. */
export interface KnockOptions {
  /** The most attempts under way at a time. */
  readonly concurrency: number;
  /** The most attempts a second; `Infinity` for no limit. */
  readonly perSecond: number;
  /** How long to wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** How long to wait while this machine has no room for a single attempt, in milliseconds. */
  readonly patienceMs: number;
}

/** What is told while ports are tried, and asked. */
export interface KnockEvents {
  /** A port listens. */
  open(pair: Pair): void;
  /** Every 100 ms, and at the end. */
  count(counts: Counts): void;
  /** Whether to start no further attempt for now. */
  paused(): boolean;
}

/** How far it has come. */
export interface Counts {
  /** How many ports have been tried. */
  readonly done: number;
  /** How many of them gave no answer. */
  readonly silent: number;
}

/** A port, and the attempt at it. */
interface Try extends Doubts {
  readonly pair: Pair;
  /** When the attempt was started. */
  since: number;
  socket: Socket | undefined;
}

const tickMs = 10;
const countEveryMs = 100;

/** Tries every pair, and tells which of them listen. Rejects when the signal aborts, or patience ends. */
export function knockAll(
  nextPair: NextPair,
  { concurrency, perSecond, timeoutMs, patienceMs }: KnockOptions,
  events: KnockEvents,
  signal: AbortSignal,
): Promise<void> {
  const underWay = new Set<Try>(); // In the order of their start.
  const again: Try[] = [];
  let exhausted = false;
  let done = 0;
  let silent = 0;
  let lastBusy = "";
  let heardAt = performance.now();
  let countedAt = heardAt;
  const pace = createPace({ concurrency, perSecond, now: heardAt });

  return new Promise((resolve, reject) => {
    // Silence is judged after the answers that have arrived meanwhile: a process that was held up must lose no port.
    const timer = setInterval(() => setImmediate(tick, performance.now()), tickMs);
    const onAbort = () => end(() => reject(signal.reason));
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    else start();

    function start(): void {
      const now = performance.now();
      while (!events.paused() && pace.allows(underWay.size, now)) {
        const next = again.pop() ?? takeNext();
        if (!next) break;
        next.since = now;
        underWay.add(next);
        next.socket = knock(next.pair.host.address, next.pair.port, (outcome, code, ownPort) => {
          if (underWay.delete(next)) settle(next, outcome, code, ownPort);
          start();
        });
      }
      if (exhausted && again.length === 0 && underWay.size === 0) end(resolve);
    }

    function takeNext(): Try | undefined {
      const pair = exhausted ? undefined : nextPair();
      exhausted ||= pair === undefined;
      return pair && { pair, confirms: false, selves: 0, since: 0, socket: undefined };
    }

    function settle(tried: Try, outcome: Outcome, code: string, ownPort: number | undefined): void {
      const now = performance.now();
      if (outcome === "busy") {
        lastBusy = code;
        pace.slow(underWay.size, now);
      } else heardAt = now;
      const verdict = judge(tried, outcome, code, ownPort);
      if (verdict === "again") {
        again.push(tried);
        return;
      }
      done++;
      if (verdict === "silent") silent++;
      if (verdict === "open") events.open(tried.pair);
    }

    function tick(now: number): void {
      for (const tried of underWay) {
        if (now - tried.since < timeoutMs) break;
        underWay.delete(tried);
        tried.socket?.removeAllListeners("connect").destroy();
        settle(tried, "silent", "ETIMEDOUT", undefined);
      }
      if (now - countedAt >= countEveryMs) {
        countedAt = now;
        events.count({ done, silent });
      }
      if (events.paused() || underWay.size > 0) heardAt = now;
      if (again.length > 0 && now - heardAt >= patienceMs) end(() => reject(noRoom(lastBusy, patienceMs)));
      else start();
    }

    /** Ends everything that is under way. A promise that is settled stays as it is. */
    function end(settlePromise: () => void): void {
      clearInterval(timer);
      signal.removeEventListener("abort", onAbort);
      for (const { socket } of underWay) socket?.removeAllListeners("connect").destroy();
      underWay.clear();
      again.length = 0;
      exhausted = true;
      events.count({ done, silent });
      settlePromise();
    }
  });
}

/** The name of the error for a machine that has no room for a connection; it passes from a thread to its parent. */
export const noRoomName = "NoRoomError";

function noRoom(code: string, patienceMs: number): Error {
  const what = `This machine has had no room for a connection for ${patienceMs / 1_000} s (${code}).`;
  const message = `${what} Raise its limit of open files (ulimit -n), or end what uses up its ports, and scan again.`;
  return Object.assign(new Error(message), { name: noRoomName });
}
