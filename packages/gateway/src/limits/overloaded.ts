import type { InterlockError } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";

/** A second is enough for what is open to end, or for a limit that adapts to grow. */
const retryAfterMs = 1_000;

/**
 * The error of a call for which there is no place.
 *
 * @param who - What has too many calls open, for example `the gateway`.
 */
export function overloaded(who: string): InterlockError {
  return denial("CALL_LIMIT", `${who} has as many calls open as it can serve; try again later`, {
    retryAfterMs: String(retryAfterMs),
  });
}
