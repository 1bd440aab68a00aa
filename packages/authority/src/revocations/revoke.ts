import { keepOperator, type OperatorGuard } from "../grants/keep-operator.js";
import type { RevocationRow } from "../store/schema.js";
import type { Store } from "../store/store.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { RevocationSubject } from "./check-subject.js";

/** What {@link revoke} works with. */
export interface RevokeParts {
  readonly store: Store;
  readonly hub: Pick<TrustHub, "refresh">;
  /** Keeps the last operator. Default: the revocation is made in any case. */
  readonly guard?: OperatorGuard;
}

/**
 * Revokes a subject. When this resolves, the revocation is on the disk, in force in this process, and on its way to
 * every bot. A subject that is already revoked keeps its record. {@link unrevoke} ends a revocation. Rejects with
 * `LAST_OPERATOR` as its guard says.
 *
 * @param expiresAt - When the subject expires, in milliseconds since the epoch; then the revocation ends. Default: null,
 *   for a subject without a known expiry. A delegation is revoked by its id like a token, until it would have ended.
 */
export async function revoke(
  { store, hub, guard }: RevokeParts,
  { kind, subject }: RevocationSubject,
  reason: string,
  now: number,
  by: string,
  expiresAt: number | null = null,
): Promise<RevocationRow> {
  const recorded = await store.transaction(async (records) => {
    const { revocations, delegations, fleet, auditLog } = records;
    const known = await revocations.find(kind, subject);
    if (known) return known;
    if (guard) await keepOperator(records, { kind: "revoke", revoked: { kind, subject } }, guard, now);
    const trustVersion = await fleet.nextTrustVersion();
    const ends = expiresAt ?? (kind === "token" ? ((await delegations.find(subject))?.expiresAt ?? null) : null);
    const revocation = { kind, subject, revokedAt: now, reason, trustVersion, expiresAt: ends };
    await revocations.add(revocation);
    const details = { kind, reason, trustVersion };
    await auditLog.append({ at: now, kind: "revoke", actor: by, subject, details });
    return { ...revocation, unrevokedAt: null };
  });
  await hub.refresh();
  return recorded;
}
