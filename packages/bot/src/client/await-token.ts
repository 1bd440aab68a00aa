import { InterlockError } from "../base/error.js";
import { type CallBounds, cancellationOf } from "./call-options.js";

/**
 * Waits for what a call needs, such as a token that is being fetched, but no longer than the call itself waits. Rejects with an `InterlockError`: with
 * that of `overdue` when the deadline passes.
 */
export function awaitToken<T>(pending: Promise<T>, bounds: CallBounds, overdue: () => InterlockError): Promise<T> {
  const { deadline, signals } = bounds;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(cancellationOf(bounds));
    const timer =
      deadline === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => reject(overdue()), Math.min(Math.max(0, deadline - Date.now()), 2 ** 31 - 1));
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
