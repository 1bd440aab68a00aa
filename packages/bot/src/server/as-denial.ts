import type { Connection } from "../admission/connection.js";
import { InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import type { LiveCall } from "./live-call.js";

/** What the chain threw, as an error for the caller. Anything but a denial is a fault of ours, and its text stays here. */
export function asDenial(thrown: unknown): InterlockError {
  if (thrown instanceof InterlockError) return thrown;
  return new InterlockError("INTERNAL", "The call could not be checked.", { cause: thrown });
}

/** Why a call was cut short by its caller: it went away, or its deadline has passed. */
export function cancellation({ deadline }: Pick<LiveCall, "deadline">): InterlockError {
  // By the machine's clock, as the caller goes by its own; timers may be a millisecond early.
  return deadline && Date.now() + 1 >= deadline.getTime()
    ? new InterlockError("DEADLINE_EXCEEDED", "The deadline has passed.")
    : new InterlockError("CANCELLED", "The caller canceled the call.");
}

/** How many calls of one connection may refer to a token that it has not been shown, without a record. */
const maximumReferences = 256;

const references = new WeakMap<Connection, number>();

/**
 * Whether a refusal only asks for the whole token: a connection was replaced while calls were on their way, which refer to a
 * token that the one before was shown. Their number is bounded by that of calls in flight; more of them are denials.
 */
export function asksForToken(connection: Connection, reason: string): boolean {
  if (reason !== ("TOKEN_NOT_SHOWN" satisfies Reason)) return false;
  const count = (references.get(connection) ?? 0) + 1;
  references.set(connection, count);
  return count <= maximumReferences;
}
