import { denial } from "@interlock/bot/internal";

/**
 * Refuses what a rate limiter does not allow.
 *
 * @param retryAfterMs - What the limiter answered; 0 when it allows it.
 * @param remedy - What to do about it.
 * @throws `RATE_LIMITED`, with `retryAfterMs`.
 */
export function refuseLimited(retryAfterMs: number, remedy?: string): void {
  if (retryAfterMs > 0) throw denial("RATE_LIMITED", remedy, { retryAfterMs: String(retryAfterMs) });
}
