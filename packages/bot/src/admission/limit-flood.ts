import type { Rate, SpiffeId } from "@interlock/policy";
import { denial, type InterlockError } from "../base/error.js";
import type { RateLimiter } from "../base/rate-limiter.js";
import type { Attempt } from "./attempt.js";
import type { Connection } from "./connection.js";
import type { Patience } from "./patience.js";

/** How many calls of all methods a server takes from one bot, where no other rate is set. */
export const defaultCallerRate: Rate = { perSecond: 2_000, burst: 4_000 };

/** How many streams of one bot may be no call that is served: a bot has no reason for them, but a version behind. */
export const strayRate: Rate = { perSecond: 50, burst: 200 };

/**
 * Limits each bot to a rate over all methods and connections, admitted calls and denied ones alike, before anything else
 * is done for a call. A bot that runs wild or was taken over leaves the others their share.
 *
 * A call in another's name counts for that one (`chargedTo`), and a refusal of it costs the gateway nothing: others share its
 * connections.
 *
 * The function throws or rejects with `RATE_LIMITED`. It gives `undefined` where the limiter answered at once.
 */
export function createLimitFlood(
  rate: Rate,
  limiter: RateLimiter,
  losePatience: Patience,
  what = "calls a second in all",
) {
  return function limitFlood(
    { connection, now }: Pick<Attempt, "connection" | "now">,
    { name }: Pick<SpiffeId, "name"> = connection.peer,
  ): Promise<void> | undefined {
    const retryAfterMs = limiter.take(name, now);
    if (retryAfterMs === 0) return undefined;
    if (typeof retryAfterMs === "number") throw refuse(connection, name, retryAfterMs, now);
    return retryAfterMs.then((later) => {
      if (later > 0) throw refuse(connection, name, later, now);
    });
  };

  function refuse(connection: Connection, name: string, retryAfterMs: number, now: number): InterlockError {
    const error = denial("RATE_LIMITED", `one bot may make ${rate.perSecond} ${what}`, {
      retryAfterMs: String(retryAfterMs),
    });
    if (name === connection.peer.name) losePatience(connection, error, now);
    return error;
  }
}
