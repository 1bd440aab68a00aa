import type { Rate } from "@interlock/policy";
import { denial, type InterlockError } from "../base/error.js";
import type { CreateRateLimiter, RateLimiter } from "../base/rate-limiter.js";
import type { Attempt } from "./attempt.js";
import type { Caller } from "./caller.js";

/**
 * Limits each caller to the rate of a method, if it has one. There is one limiter for each such method.
 *
 * The function throws or rejects with `RATE_LIMITED`. It gives `undefined` where the limiter answered at once.
 */
export function createLimitRate(createLimiter: CreateRateLimiter) {
  // By path; bounded by the number of methods that are served.
  const limiters = new Map<string, RateLimiter>();

  return function limitRate(
    { method, now }: Pick<Attempt, "method" | "now">,
    caller: Pick<Caller, "name">,
  ): Promise<void> | undefined {
    const { rate } = method.policy;
    if (!rate) return undefined;
    let limiter = limiters.get(method.path);
    if (!limiter) {
      limiter = createLimiter(rate, method.path);
      limiters.set(method.path, limiter);
    }
    const retryAfterMs = limiter.take(caller.name, now);
    if (retryAfterMs === 0) return undefined;
    if (typeof retryAfterMs === "number") throw refusal(rate, retryAfterMs);
    return retryAfterMs.then((later) => {
      if (later > 0) throw refusal(rate, later);
    });
  };
}

function refusal({ perSecond }: Rate, retryAfterMs: number): InterlockError {
  return denial("RATE_LIMITED", `${perSecond} calls a second are allowed`, { retryAfterMs: String(retryAfterMs) });
}
