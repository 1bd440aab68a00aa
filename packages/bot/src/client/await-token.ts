import { InterlockError } from "../base/error.js";
import type { PendingToken } from "./call-credentials.js";
import { type CallBounds, cancellationOf } from "./call-options.js";

/** Waits for a token that is being fetched, but no longer than the call itself waits. Rejects with an `InterlockError`. */
export function awaitToken(pending: Promise<PendingToken>, bounds: CallBounds): Promise<PendingToken> {
  const { deadline, signals } = bounds;
  return new Promise<PendingToken>((resolve, reject) => {
    const onAbort = () => reject(cancellationOf(bounds));
    const late = new InterlockError("DEADLINE_EXCEEDED", "The deadline passed before there was a token for the call.");
    const timer =
      deadline === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => reject(late), Math.min(Math.max(0, deadline - Date.now()), 2 ** 31 - 1));
    for (const signal of signals) signal.addEventListener("abort", onAbort);
    if (signals.some((signal) => signal.aborted)) onAbort();
    pending
      .then(resolve, (error) => reject(InterlockError.from(error)))
      .finally(() => {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener("abort", onAbort);
      });
  });
}
