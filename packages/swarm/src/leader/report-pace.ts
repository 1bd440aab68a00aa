import type { Clock } from "@interlock/bot";
import { createRateLimiter } from "@interlock/bot/internal";
import type { DispatchRequest } from "../gen/interlock/swarm/v1/swarm.js";
import type { Wait } from "../wait.js";

/** How fast a leader reads what workers report. */
export interface ReportPace {
  /**
   * Resolves when the results and checkpoints of a message may be taken; `undefined` where that is now. Meanwhile the stream is
   * not read, so the worker cannot send more. It resolves, too, when the signal aborts.
   */
  turn(worker: string, request: DispatchRequest, signal: AbortSignal): Promise<void> | undefined;
}

const mebibyte = 1_024 * 1_024;

/**
 * How many bytes of results and checkpoints one worker may report. What goes beyond is not refused, but read later: every one is
 * written, and told to those who watch. A message has 4 MiB at most, and so makes a heartbeat behind it a quarter of a second
 * late, where a worker may be silent for two; a worker sends its heartbeats before the reports that wait with it.
 */
const bytesAtMost = { perSecond: 16 * mebibyte, burst: 8 * mebibyte };

/** Creates it, with a monotonic clock. Bound: 10,000 workers' rates. */
export function createReportPace(clock: Clock, wait: Wait): ReportPace {
  const limiter = createRateLimiter(bytesAtMost);

  async function wake(worker: string, bytes: number, ms: number, signal: AbortSignal): Promise<void> {
    for (let left = ms; left > 0 && !signal.aborted; left = limiter.take(worker, clock.now(), bytes)) {
      await wait(left, signal);
    }
  }

  return {
    turn(worker, { event }, signal) {
      const bytes = bytesOf(event);
      if (bytes === 0) return undefined;
      const ms = limiter.take(worker, clock.now(), bytes);
      return ms === 0 ? undefined : wake(worker, bytes, ms, signal);
    },
  };
}

function bytesOf(event: DispatchRequest["event"]): number {
  switch (event?.$case) {
    case "completeTask":
      return event.value.result.length;
    case "reportProgress":
      return event.value.checkpoint.length;
    case "batch":
      return event.value.requests.reduce((sum, request) => sum + bytesOf(request.event), 0);
    default:
      return 0;
  }
}
