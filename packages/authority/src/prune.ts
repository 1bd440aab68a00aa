import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import { spiffeId } from "@interlock/policy";
import { unrevokeSpent } from "./revocations/unrevoke-spent.js";
import type { Records } from "./store/store.js";

/** The options of pruning. */
export interface PruneOptions {
  /** The current time, in milliseconds since the epoch. */
  readonly now: number;
  /** How long old records are kept, in milliseconds. */
  readonly retentionMs: number;
  readonly trustDomain: string;
  /** The SPIFFE ID of the actor in the audit log. */
  readonly actor: string;
}

/** How long expired join tokens and certificates are kept, so that a refusal can name the reason, in milliseconds. */
const keptMs = 24 * 3_600_000;

/**
 * The maximum number of deleted rows of one kind in a run, because other transactions wait. The next run deletes more.
 */
const batch = 1_000;

/**
 * Deletes old records, so that every table has a bound. Join tokens, certificates and revocations of tokens go a day
 * after they expire. Bots that were not renewed, with their lineages and endpoints, ended revocations, replaced grants,
 * usage and audit records go after the retention. Call it in a transaction, and refresh the trust hub afterwards.
 */
export async function prune(records: Records, { now, retentionMs, trustDomain, actor }: PruneOptions): Promise<void> {
  const before = now - retentionMs;
  await records.joinTokens.prune(now - keptMs);
  await records.certificates.prune(now - keptMs);
  await unrevokeSpent(records, now, actor);
  // A token without a known expiry cannot be valid either after that. Every bot drops the revocation, too.
  for (const subject of await records.revocations.tokensBefore(now - keptMs - maximumTokenLifetimeMs, batch)) {
    const unrevoked = { unrevokedAt: now, trustVersion: await records.fleet.nextTrustVersion() };
    await records.revocations.unrevoke("token", subject, unrevoked);
  }
  const lastUnrevoked = await records.revocations.pruneUnrevoked(before);
  // A bot that has missed those changes gets the complete trust.
  if (lastUnrevoked > 0) await records.fleet.startAt(lastUnrevoked);
  for (const name of await records.bots.prune(before, batch)) {
    await records.certificates.forgetLineage(name);
    await records.endpoints.replace(spiffeId(trustDomain, name).uri, [], now);
  }
  await records.grantVersions.prune(before);
  await records.usage.prune(before);
  await records.auditLog.prune(before, now, actor);
}
