import type { Clock, Log } from "@interlock/bot";

/** Takes for how long this process ran nothing else, and the kinds of the tasks that were being done meanwhile. */
export type BlockWarning = (blockedMs: number, kinds: readonly string[]) => void;

/** A shorter standstill is not worth a warning, in milliseconds. */
const longMs = 1_000;
const tellEveryMs = 10_000;
const kindsShown = 10;

/**
 * Creates a warning that names the handler that kept the event loop from running, at most once in ten seconds: while it does,
 * the worker sends no heartbeat, and hears of no emergency stop. `clock` is monotonic.
 */
export function createBlockWarning(clock: Clock, log: Log, handler: string): BlockWarning {
  let tellAgainAt = Number.NEGATIVE_INFINITY;
  return (blockedMs, kinds) => {
    if (blockedMs < longMs || kinds.length === 0 || clock.now() < tellAgainAt) return;
    tellAgainAt = clock.now() + tellEveryMs;
    log.warn(
      "the event loop stood still while a task handler ran: the worker could send no heartbeat, and hear of no emergency stop. " +
        "Let the handler yield, compute on a thread, or give the kind a longer lease (leaseMsOf of the leader)",
      { handler, kinds: kinds.slice(0, kindsShown).join(", "), blockedMs: Math.round(blockedMs) },
    );
  };
}
