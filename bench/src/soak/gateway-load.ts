import { setTimeout as sleep } from "node:timers/promises";
import { type Client, InterlockError } from "@interlock/bot";
import type { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";

/** A call that is over. */
interface Ended {
  readonly beganAt: number;
  readonly ms: number;
  /** What it failed with: code, reason and message. */
  readonly failure: string | undefined;
}

/** Short calls without a pause, none of them twice. */
export interface GatewayLoad {
  /** Those that are over, in the order of their ends. */
  readonly ended: readonly Ended[];
  /** Resolves with the next call that succeeds and began after a time. */
  succeeded(after: number): Promise<Ended>;
  /** Begins no more calls, and resolves when those under way are over. */
  stop(): Promise<void>;
}

/** The pause between two calls of one worker, in milliseconds. */
const pauseMs = 2;

/** Calls a client, so many times at once, until it is stopped. */
export function startGatewayLoad(client: Client<typeof SoakService>, atOnce: number): GatewayLoad {
  const ended: Ended[] = [];
  const waiting = new Set<(call: Ended) => void>();
  let stopped = false;

  async function work(): Promise<void> {
    for (let number = 0; !stopped; number++) {
      const beganAt = performance.now();
      let failure: string | undefined;
      try {
        const answer = await client.ping({ number });
        if (answer.number !== number) failure = "the answer of another call";
      } catch (thrown) {
        const { code, reason = "", message } = InterlockError.from(thrown);
        failure = `${code} ${reason} ${message}`;
      }
      const call = { beganAt, ms: performance.now() - beganAt, failure };
      ended.push(call);
      for (const look of waiting) look(call);
      await sleep(pauseMs);
    }
  }
  const working = Promise.all(Array.from({ length: atOnce }, work));

  return {
    ended,
    succeeded(after) {
      return new Promise((resolve) => {
        function look(call: Ended): void {
          if (call.failure !== undefined || call.beganAt < after) return;
          waiting.delete(look);
          resolve(call);
        }
        waiting.add(look);
      });
    },
    async stop() {
      stopped = true;
      await working;
    },
  };
}
