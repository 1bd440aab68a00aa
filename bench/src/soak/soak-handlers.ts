import { setTimeout as sleep } from "node:timers/promises";
import type { Implementation } from "@interlock/bot";
import type { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";

/** The time between two messages of a stream, in milliseconds. */
export const watchPeriodMs = 100;

/** The handlers of every bot in a soak. */
export const soakHandlers: Implementation<typeof SoakService> = {
  async ping({ number }) {
    return { number };
  },
  async *count({ count: wanted }, { signal }) {
    for (let number = 0; (wanted === 0 || number < wanted) && !signal.aborted; number++) {
      yield { number };
      await sleep(watchPeriodMs, undefined, { signal }).catch(() => {});
    }
  },
  async *converse(requests) {
    for await (const { number } of requests) yield { number };
  },
};
