import type { Store } from "../store/store.js";
import { toldMs } from "../trust-hub/is-forgotten.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";

// For clocks that are late.
const marginMs = 60_000;

/**
 * Lifts locks on tokens that have run out by themselves meanwhile, and forgets those lifted long ago: every bot may lock
 * tokens of its own, and no bot should have to remember them for ever.
 */
export async function liftSpent(
  { store, hub }: { readonly store: Store; readonly hub: TrustHub },
  now: number,
  by: string,
): Promise<void> {
  const lifted = await store.transaction(async ({ revocations, fleet, auditLog }) => {
    await revocations.forgetSpent(now - toldMs);
    const count = await revocations.countSpent(now - marginMs);
    if (count === 0) return false;
    await revocations.liftSpent(now - marginMs, { liftedAt: now, trustVersion: await fleet.nextTrustVersion() });
    await auditLog.append({ at: now, kind: "prune", actor: by, subject: "locks on tokens", details: { count } });
    return true;
  });
  if (lifted) await hub.refresh();
}
