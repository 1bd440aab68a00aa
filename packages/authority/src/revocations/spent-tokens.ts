import { maximumTokenLifetimeMs } from "@interlock/bot";
import type { Store } from "../store/store.js";
import { toldMs } from "../trust-hub/is-forgotten.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";

// As long as a token can live, and a minute for clocks that are late.
const spentMs = maximumTokenLifetimeMs + 60_000;
/**
 * Lifts locks on tokens that have run out by themselves meanwhile, and forgets those lifted long ago: every bot may lock
 * tokens of its own, and no bot should have to remember them for ever.
 */
export async function liftSpentTokens(
  { store, hub }: { readonly store: Store; readonly hub: TrustHub },
  now: number,
  by: string,
): Promise<void> {
  const lifted = await store.transaction(async ({ revocations, fleet, auditLog }) => {
    await revocations.forgetTokens(now - toldMs);
    const count = await revocations.countTokens(now - spentMs);
    if (count === 0) return false;
    await revocations.liftTokens(now - spentMs, { liftedAt: now, trustVersion: await fleet.nextTrustVersion() });
    await auditLog.append({ at: now, kind: "prune", actor: by, subject: "locks on tokens", details: { count } });
    return true;
  });
  if (lifted) await hub.refresh();
}
