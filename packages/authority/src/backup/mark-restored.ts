import type { Records } from "../store/store.js";

/** More changes than are possible since a backup. */
const jump = 1_000_000;

/**
 * Prepares restored records for a fleet that has changed since the backup. Bots know versions of the trust and of the
 * grants that are not on record, so both versions jump past all of those, and every bot gets the complete trust. A bot
 * that has renewed since may renew once over a certificate that is not on record. Usage since the backup is lost, which the records
 * of all servers say. Delegations and approvals end, because those that were revoked or used since are not known. Call it in a
 * transaction.
 */
export async function markRestored(records: Records, now: number): Promise<void> {
  const trustVersion = await records.fleet.nextTrustVersion(jump);
  await records.fleet.startAt(trustVersion);
  const latest = await records.grantVersions.latest();
  // A token names its version of the grants. A token of a lost version must not seem newer than future ones.
  if (latest) await records.grantVersions.add({ ...latest, version: latest.version + jump, appliedAt: now });
  await records.certificates.adoptAll();
  await records.delegations.prune(Number.MAX_SAFE_INTEGER);
  await records.approvals.prune(Number.MAX_SAFE_INTEGER);
  await records.serverRecords.allUncounted(now);
  const details = { trustVersion, grantsVersion: latest ? latest.version + jump : 0 };
  await records.auditLog.append({ at: now, kind: "restore", actor: "backup", subject: "store", details });
}
