import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { LiveCall } from "./live-call.js";

/** The error for the caller of a handler that threw: an `InterlockError` as it is, anything else without its text, which is logged. */
export function outward(live: LiveCall, thrown: unknown, log: Log): InterlockError {
  if (live.ended) return live.ended;
  const error = InterlockError.from(thrown);
  if (thrown instanceof InterlockError && (!error.remote || passesThrough.has(error.code))) {
    live.refused(error);
    return error;
  }
  const { method, caller, callId } = live;
  log.error("handler failed", { method: method.path, caller: caller.name, error: describe(thrown), callId });
  return new InterlockError("INTERNAL", "The handler failed.", { cause: thrown });
}

/** Ends a call whose answer could not be written, so that the process goes on. */
export function giveUp(live: LiveCall, fault: unknown, log: Log): void {
  const { method, caller, callId } = live;
  log.error("answer not sent", { method: method.path, caller: caller.name, error: describe(fault), callId });
  live.end(new InterlockError("INTERNAL", "The handler failed."));
}

// An error from another bot does not concern the caller of this handler, except where it is about time.
const passesThrough: ReadonlySet<string> = new Set(["CANCELLED", "DEADLINE_EXCEEDED"]);

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
