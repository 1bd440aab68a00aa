import type { Records } from "../store/store.js";

/** More changes than there can have been since a backup was made. */
const jump = 1_000_000;

/**
 * Makes the records those of a fleet that has gone on without them. Bots know versions of the trust and of the grants
 * that the records do not; so both go on past any of those, and every bot is told everything. A bot that has renewed
 * since may do so once more over a certificate that is not on record. Call it in a transaction.
 */
export async function markRestored(records: Records, now: number): Promise<void> {
  const trustVersion = await records.fleet.nextTrustVersion(jump);
  await records.fleet.startAt(trustVersion);
  const latest = await records.grantVersions.latest();
  // A token says under which version it was issued: one of a version that is lost must not pass for newer than those to come.
  if (latest) await records.grantVersions.add({ ...latest, version: latest.version + jump, appliedAt: now });
  await records.certificates.adoptAll();
  const details = { trustVersion, grantsVersion: latest ? latest.version + jump : 0 };
  await records.auditLog.append({ at: now, kind: "restore", actor: "backup", subject: "store", details });
}
