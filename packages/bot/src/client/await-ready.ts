import { setTimeout as sleep } from "node:timers/promises";
import { createBackoff } from "../base/backoff.js";
import { InterlockError } from "../base/error.js";
import { awaitToken } from "./await-token.js";
import type { PendingToken } from "./call-credentials.js";
import type { CallBounds } from "./call-options.js";

/**
 * Asks for a token and a server until they can be had: for a call that waits until it can be made. Rejects with any error but that
 * neither is there now, and when the bounds of the call are reached.
 */
export async function awaitReady(
  pending: Promise<PendingToken>,
  ask: () => Promise<PendingToken>,
  bounds: CallBounds,
  overdue: () => InterlockError,
): Promise<PendingToken> {
  const backoff = createBackoff();
  let next = pending;
  while (true) {
    try {
      return await awaitToken(next, bounds, overdue);
    } catch (thrown) {
      const error = InterlockError.from(thrown);
      if (error.code !== "UNAVAILABLE" && error.code !== "NOT_FOUND") throw error;
      const late = () =>
        new InterlockError("DEADLINE_EXCEEDED", `The deadline passed. ${error.message}`, { cause: error });
      await awaitToken(sleep(backoff.next()), bounds, late);
    }
    next = ask();
  }
}
