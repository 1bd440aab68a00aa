import type { AnyMethod } from "@interlock/policy";
import { denial } from "../base/error.js";
import { createTokenBuckets, type TokenBuckets } from "../base/token-buckets.js";
import type { Caller } from "../context.js";
import type { Attempt } from "./attempt.js";

/** Holds each caller to the method's rate: a token bucket for each method and caller. */
export function createLimitRate() {
  const buckets = new Map<AnyMethod, TokenBuckets>();

  return function limitRate({ method, now }: Attempt, caller: Caller): void {
    const { rate } = method.policy;
    if (!rate) return;
    let ofMethod = buckets.get(method);
    if (!ofMethod) {
      ofMethod = createTokenBuckets(rate);
      buckets.set(method, ofMethod);
    }
    const retryAfterMs = ofMethod.take(caller.name, now);
    if (retryAfterMs === 0) return;
    throw denial("RATE_LIMITED", `${rate.perSecond} calls a second are allowed`, {
      retryAfterMs: String(retryAfterMs),
    });
  };
}
