import type { Rate } from "@interlock/policy";
import { denial } from "../base/error.js";
import { createTokenBuckets } from "../base/token-buckets.js";
import type { Attempt } from "./attempt.js";
import type { Connection } from "./connection.js";

/** How many calls of all methods a server takes from one bot, unless it is told another rate. */
export const defaultCallerRate: Rate = { perSecond: 2_000, burst: 4_000 };

/** Who goes on after so many refusals on a connection is not told again, but cut off. */
const patience = 1_000;

/**
 * Holds each bot to a rate over all methods and connections, good calls and bad ones alike, before anything is done for
 * a call: so one bot that runs wild, or was taken over, leaves the others their share.
 */
export function createLimitFlood(rate: Rate) {
  const buckets = createTokenBuckets(rate);
  const refused = new WeakMap<Connection, number>();

  return function limitFlood({ connection, now }: Attempt): void {
    const retryAfterMs = buckets.take(connection.peer.name, now);
    if (retryAfterMs === 0) return;
    const count = (refused.get(connection) ?? 0) + 1;
    refused.set(connection, count);
    const error = denial("RATE_LIMITED", `one bot may make ${rate.perSecond} calls a second in all`, {
      retryAfterMs: String(retryAfterMs),
    });
    if (count >= patience) connection.cut(error);
    throw error;
  };
}
