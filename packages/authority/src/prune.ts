import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import { spiffeId } from "@interlock/policy";
import { unrevokeSpent } from "./revocations/unrevoke-spent.js";
import type { Records } from "./store/store.js";
import { dayOf } from "./store/usage-days.js";

/** The options of pruning. */
export interface PruneOptions {
  /** The current time, in milliseconds since the epoch. */
  readonly now: number;
  /** How long old records are kept, in milliseconds. */
  readonly retentionMs: number;
  /** How long after its end a certificate can still be exchanged, in milliseconds. */
  readonly renewAfterExpiryMs: number;
  readonly trustDomain: string;
  /** The SPIFFE ID of the actor in the audit log. */
  readonly actor: string;
}

/** How long expired join tokens and certificates are kept, so that a refusal can name the reason, in milliseconds. */
const keptMs = 24 * 3_600_000;

/** How long a process that is gone is kept when its bot has another one, in milliseconds. */
const supersededMs = 24 * 3_600_000;

/** How long the records of servers are kept after their last report, where the retention is shorter, in milliseconds. */
const serverRecordsMs = 400 * 24 * 3_600_000;

/**
 * The maximum number of deleted rows of one kind in a run, because other transactions wait. The next run deletes more.
 */
const batch = 1_000;

/**
 * Deletes old records, so that every table has a bound. Join tokens, certificates, delegations, approvals and revocations of
 * tokens go a day after they expire; a certificate with which its bot may still come back, a day after it no longer can. Processes that
 * are gone go after a day when their bot has had another one since. Bots that were not renewed and can no longer come back, with
 * their lineages, endpoints and processes, superseded workloads, ended revocations, replaced grants, usage, audit records and the
 * results of daily audits go after the retention, and the records of servers after the retention or 400 days, whichever is longer.
 * Call it in a transaction, and refresh the trust hub afterwards.
 */
export async function prune(records: Records, options: PruneOptions): Promise<void> {
  const { now, retentionMs, renewAfterExpiryMs, trustDomain, actor } = options;
  const before = now - retentionMs;
  await records.joinTokens.prune(now - keptMs);
  await records.certificates.prune(now - keptMs, now - keptMs - renewAfterExpiryMs);
  await unrevokeSpent(records, now, actor);
  // A token without a known expiry cannot be valid either after that. Every bot drops the revocation, too.
  for (const subject of await records.revocations.tokensBefore(now - keptMs - maximumTokenLifetimeMs, batch)) {
    const unrevoked = { unrevokedAt: now, trustVersion: await records.fleet.nextTrustVersion() };
    await records.revocations.unrevoke("token", subject, unrevoked);
  }
  const lastUnrevoked = await records.revocations.pruneUnrevoked(before);
  // A bot that has missed those changes gets the complete trust.
  if (lastUnrevoked > 0) await records.fleet.startAt(lastUnrevoked);
  // A bot that may still come back stays on record, however short the retention.
  for (const name of await records.bots.prune(Math.min(before, now - keptMs - renewAfterExpiryMs), batch)) {
    await records.certificates.forgetLineage(name);
    const { uri } = spiffeId(trustDomain, name);
    await records.endpoints.replace(uri, [], now);
    await records.instances.forget(uri);
  }
  await records.instances.prune(before, now - supersededMs, batch);
  await records.manifests.pruneUnserved();
  await records.delegations.prune(now - keptMs);
  await records.approvals.prune(now - keptMs);
  await records.workloads.prune({ supersededBefore: before, joinedBefore: now - keptMs, limit: batch });
  await records.grantVersions.prune(before);
  await records.usage.prune(before);
  await records.usageDays.prune(dayOf(Math.max(before, 0)), batch);
  await records.serverRecords.prune(Math.min(before, now - serverRecordsMs));
  await records.auditLog.prune(before, now, actor);
  await records.auditRuns.prune(dayOf(Math.max(before, 0)));
}
