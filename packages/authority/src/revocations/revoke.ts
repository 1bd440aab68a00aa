import type { RevocationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { RevocationSubject } from "./check-subject.js";

/**
 * Revokes a subject. When this resolves, the revocation is on the disk, in force in this process, and on its way to
 * every bot. A subject that is already revoked keeps its record. {@link unrevoke} ends a revocation.
 *
 * @param expiresAt When the subject expires by itself, in milliseconds since the epoch, after which the revocation
 * ends.
 *   Default: null, for a subject without a known expiry.
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
    await auditLog.append({ at: now, kind: "revoke", actor: by, subject, details });
    return { ...revocation, unrevokedAt: null };
  });
  await hub.refresh();
  return recorded;
}
