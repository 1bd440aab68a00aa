import { InterlockError } from "../error.js";
import type { CallBounds } from "./call-options.js";
import type { Lease } from "./connector.js";

/** Waits for a lease, whose token may be under way, but no longer than the call itself would wait. */
export function awaitLease(pending: Promise<Lease>, { deadline, signals }: CallBounds): Promise<Lease> {
  return new Promise((resolve, reject) => {
    let over = false;
    const settle = (outcome: () => void) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
      outcome();
    };
    const onAbort = () => {
      const reason: unknown = signals.find((signal) => signal.aborted)?.reason;
      const cancelled = new InterlockError("CANCELLED", "The call was cancelled.", { cause: reason });
      settle(() => reject(reason instanceof InterlockError ? reason : cancelled));
    };
    const late = new InterlockError("DEADLINE_EXCEEDED", "The deadline passed before there was a token for the call.");
    const timer =
      deadline === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => settle(() => reject(late)), Math.min(Math.max(0, deadline - Date.now()), 2 ** 31 - 1));
    for (const signal of signals) signal.addEventListener("abort", onAbort);
    if (signals.some((signal) => signal.aborted)) onAbort();
    pending.then(
      (lease) => {
        if (over) lease.release();
        else settle(() => resolve(lease));
      },
      (error) => settle(() => reject(InterlockError.from(error))),
    );
  });
}
