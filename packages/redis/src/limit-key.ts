import type { CreateRateLimiter } from "@interlock/bot";

/** The rate of a limiter. */
export type Rate = Parameters<CreateRateLimiter>[0];

/**
 * The name of a bucket in Redis: `prefix:purpose:rate:key`. Different limits have different names, whatever a caller is called:
 * what is no plain character in `purpose` and `key` is written as its UTF-16 number, `:`, `%` and `{` among it.
 */
export function limitKey(prefix: string, purpose: string, { perSecond, burst }: Rate, key: string): string {
  return `${prefix}:${encoded(purpose)}:${perSecond}+${burst}:${encoded(key)}`;
}

function encoded(text: string): string {
  return text.replace(/[^\w./~-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
