import type { Records } from "../store/store.js";
import { toldMs } from "../trust-hub/is-forgotten.js";

// For clocks that are late.
const marginMs = 60_000;

/**
 * Lifts locks on tokens that have run out by themselves meanwhile, and forgets those lifted long ago: every bot may lock
 * tokens of its own, and no bot should have to remember them for ever. Call it in a transaction, and refresh the trust
 * hub after.
 */
export async function liftSpent({ revocations, fleet, auditLog }: Records, now: number, by: string): Promise<void> {
  await revocations.forgetSpent(now - toldMs);
  const count = await revocations.countSpent(now - marginMs);
  if (count === 0) return;
  await revocations.liftSpent(now - marginMs, { liftedAt: now, trustVersion: await fleet.nextTrustVersion() });
  await auditLog.append({ at: now, kind: "prune", actor: by, subject: "locks on tokens", details: { count } });
}
