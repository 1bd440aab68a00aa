import type { RevocationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { RevocationSubject } from "./check-subject.js";

/**
 * Shuts something out: it is on the disk, in force in this process, and on its way to every bot when this resolves.
 * What is shut out already stays as it was recorded. {@link unlock} undoes it. Where it is known when the subject is worth
 * nothing any more by itself, as for a token, `expiresAt` says so, and the lock ends after that.
 */
export async function revoke(
  { store, hub }: { readonly store: Store; readonly hub: TrustHub },
  { kind, subject }: RevocationSubject,
  reason: string,
  now: number,
  by: string,
  expiresAt: number | null = null,
): Promise<RevocationRow> {
  const recorded = await store.transaction(async ({ revocations, fleet, auditLog }) => {
    const known = await revocations.find(kind, subject);
    if (known) return known;
    const trustVersion = await fleet.nextTrustVersion();
    const revocation = { kind, subject, revokedAt: now, reason, trustVersion, expiresAt };
    await revocations.add(revocation);
    const details = { kind, reason, trustVersion };
    await auditLog.append({ at: now, kind: "lock", actor: by, subject, details });
    return { ...revocation, liftedAt: null };
  });
  await hub.refresh();
  return recorded;
}
