import type { Rate } from "@interlock/policy";
import { denial, type InterlockError } from "../base/error.js";
import type { CreateRateLimiter, RateLimiter } from "../base/rate-limiter.js";
import type { Attempt } from "./attempt.js";
import type { Caller } from "./caller.js";
import type { Patience } from "./patience.js";

/**
 * Limits each caller to the rate of a method, if it has one. There is one limiter for each such method.
 *
 * A bot that goes on far beyond it loses its connections; one that calls for another does not, which other bots share.
 *
 * The function throws or rejects with `RATE_LIMITED`. It gives `undefined` where the limiter answered at once.
 */
export function createLimitRate(createLimiter: CreateRateLimiter, losePatience: Patience) {
  // By path; bounded by the number of methods that are served.
  const limiters = new Map<string, RateLimiter>();

  return function limitRate(
    attempt: Pick<Attempt, "method" | "now" | "connection">,
    caller: Pick<Caller, "name">,
  ): Promise<void> | undefined {
    const { method, now } = attempt;
    const { rate } = method.policy;
    if (!rate) return undefined;
    let limiter = limiters.get(method.path);
    if (!limiter) {
      limiter = createLimiter(rate, method.path);
      limiters.set(method.path, limiter);
    }
    const retryAfterMs = limiter.take(caller.name, now);
    if (retryAfterMs === 0) return undefined;
    if (typeof retryAfterMs === "number") throw refuse(attempt, caller, rate, retryAfterMs);
    return retryAfterMs.then((later) => {
      if (later > 0) throw refuse(attempt, caller, rate, later);
    });
  };

  function refuse(
    { connection, now }: Pick<Attempt, "connection" | "now">,
    { name }: Pick<Caller, "name">,
    { perSecond }: Rate,
    retryAfterMs: number,
  ): InterlockError {
    const error = denial("RATE_LIMITED", `${perSecond} calls a second are allowed`, {
      retryAfterMs: String(retryAfterMs),
    });
    if (name === connection.peer.name) losePatience(connection, error, now);
    return error;
  }
}
