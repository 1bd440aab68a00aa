import type { Rate } from "@interlock/policy";

/** A token bucket as Envoy has it. */
export interface TokenBucket {
  readonly maximumTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** The shortest time between two fills that Envoy takes, in milliseconds. */
const shortestFillMs = 50;

/**
 * The bucket for a rate: whole tokens, at intervals that make the rate. Where a burst is smaller than what comes in 50 ms, it
 * is that: the authorization service and the bot behind it hold the exact rate.
 */
export function tokenBucket({ perSecond, burst }: Rate): TokenBucket {
  const tokensPerFill = Math.max(1, Math.ceil((perSecond * shortestFillMs) / 1_000));
  const fillIntervalMs = (tokensPerFill / perSecond) * 1_000;
  return { maximumTokens: Math.max(Math.floor(burst), tokensPerFill), tokensPerFill, fillIntervalMs };
}
