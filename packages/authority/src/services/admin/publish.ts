import type { AdminParts } from "./admin-parts.js";

/**
 * Sends a change of the trust to every bot, and resolves once it is on its way.
 *
 * With `endsOwnCall`, the change invalidates the caller's own token or connection. Then it is sent after the answer,
 * because it would end the call before that.
 */
export async function publish({ hub, log }: Pick<AdminParts, "hub" | "log">, endsOwnCall = false): Promise<void> {
  if (!endsOwnCall) return hub.refresh();
  setImmediate(() => hub.refresh().catch((error) => log.error("trust not refreshed", { error: String(error) })));
}
