import { InterlockError } from "../base/error.js";
import { type CallBounds, cancellationOf } from "./call-options.js";
import type { Ticket } from "./connector.js";

/** Waits for a ticket, whose token may be under way, but no longer than the call itself would wait. */
export function awaitTicket(pending: Promise<Ticket>, bounds: CallBounds): Promise<Ticket> {
  const { deadline, signals } = bounds;
  return new Promise<Ticket>((resolve, reject) => {
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
