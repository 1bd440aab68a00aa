import type { Records } from "../store/store.js";
import { toldMs } from "../trust-hub/is-forgotten.js";

// For slow clocks.
const marginMs = 60_000;

/**
 * Ends the revocations of tokens that have expired by themselves, and deletes those that ended long ago. Every bot may
 * revoke its own tokens, and no bot should have to keep those revocations forever. Call it in a transaction, and
 * refresh the trust hub afterwards.
 */
export async function unrevokeSpent({ revocations, fleet, auditLog }: Records, now: number, by: string): Promise<void> {
  await revocations.forgetSpent(now - toldMs);
  const count = await revocations.countSpent(now - marginMs);
  if (count === 0) return;
  await revocations.unrevokeSpent(now - marginMs, {
    unrevokedAt: now,
    trustVersion: await fleet.nextTrustVersion(),
  });
  await auditLog.append({ at: now, kind: "prune", actor: by, subject: "revocations of tokens", details: { count } });
}
