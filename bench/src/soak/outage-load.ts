import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, InterlockError } from "@interlock/bot";
import type { OutageService } from "../gen/interlock/bench/v1/soak_interlock.js";

/** A risk of a method. Methods of critical risk are treated like those of high risk. */
export type Risk = "low" | "medium" | "high";

/** A call that failed. */
export interface FailedCall {
  readonly risk: Risk;
  /** When it failed, in milliseconds since the epoch. */
  readonly at: number;
  readonly reason: string;
  readonly message: string;
  /** The address of the authority that the error names; empty when it names none. */
  readonly authority: string;
}

/** What the calls have come to so far. */
export interface OutageLoad {
  readonly succeeded: Readonly<Record<Risk, number>>;
  readonly failed: readonly FailedCall[];
  /** Resolves once every risk has succeeded again on every pair since `at`. */
  succeededSince(at: number): Promise<void>;
  stop(): Promise<void>;
}

const periodMs = 100;

/** Calls every client with every risk, ten times a second, until it is stopped. */
export function startOutageLoad(clients: readonly Client<typeof OutageService>[]): OutageLoad {
  const ending = new AbortController();
  setMaxListeners(0, ending.signal); // Every call under way listens.
  const succeeded: Record<Risk, number> = { low: 0, medium: 0, high: 0 };
  const failed: FailedCall[] = [];
  const lastSuccess = new Map<string, number>();
  const waiting = new Set<() => void>();

  async function callOften(client: Client<typeof OutageService>, pair: number, risk: Risk): Promise<void> {
    for (let number = 0; !ending.signal.aborted; number++) {
      const failure = await failureOf(client, risk, number);
      if (failure) failed.push(failure);
      else {
        succeeded[risk]++;
        lastSuccess.set(`${pair} ${risk}`, Date.now());
        for (const look of waiting) look();
      }
      await sleep(periodMs, undefined, { signal: ending.signal }).catch(() => {});
    }
  }

  const risks: readonly Risk[] = ["low", "medium", "high"];
  const calls = clients.flatMap((client, pair) => risks.map((risk) => callOften(client, pair, risk)));

  return {
    succeeded,
    failed,
    succeededSince(at) {
      return new Promise((resolve) => {
        function look(): void {
          const since = [...lastSuccess.values()].filter((time) => time >= at).length;
          if (since < calls.length) return;
          waiting.delete(look);
          resolve();
        }
        waiting.add(look);
        look();
      });
    },
    async stop() {
      ending.abort();
      await Promise.all(calls);
    },
  };
}

/** Calls once. Gives how it failed; `undefined` when it did not. */
export async function failureOf(
  client: Client<typeof OutageService>,
  risk: Risk,
  number = 0,
): Promise<FailedCall | undefined> {
  try {
    const answer = await client[risk]({ number }, { timeoutMs: 10_000 });
    if (answer.number !== number) throw new Error("the answer has another number");
    return undefined;
  } catch (thrown) {
    const { code, reason, message, metadata } = InterlockError.from(thrown);
    return { risk, at: Date.now(), reason: reason ?? code, message, authority: metadata.authority ?? "" };
  }
}
