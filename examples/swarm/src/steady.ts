import { setTimeout as delay } from "node:timers/promises";
import { type Client, InterlockError } from "@interlock/bot";
import type { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";

/** A caller that runs throughout the story: calls one after the other, and one stream. */
export interface Steady {
  readonly calls: number;
  /** The errors of the calls and of the stream: at most one for each. */
  readonly failures: readonly string[];
}

const everyMs = 25;

/** Makes calls and reads the stream until `signal` aborts. */
export function keepCalling(traffic: Client<typeof TrafficService>, signal: AbortSignal): Steady {
  const failures: string[] = [];
  let calls = 0;
  const fail = (error: unknown) => {
    const { code, reason = "", message } = InterlockError.from(error);
    if (!signal.aborted) failures.push(`${code} ${reason}: ${message}`);
  };
  async function call(): Promise<void> {
    while (!signal.aborted) {
      await traffic.getFloor({}, { signal, timeoutMs: 5_000 }).catch(fail);
      calls++;
      await delay(everyMs);
    }
  }
  async function read(): Promise<void> {
    for await (const floor of traffic.watchFloor({}, { signal })) void floor;
    throw new InterlockError("UNAVAILABLE", "The stream has ended.");
  }
  void call();
  void read().catch(fail);
  return {
    get calls() {
      return calls;
    },
    failures,
  };
}
