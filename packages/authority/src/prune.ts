import { maximumTokenLifetimeMs } from "@interlock/bot/internal";
import { spiffeId } from "@interlock/policy";
import { unrevokeSpent } from "./revocations/unrevoke-spent.js";
import type { Records } from "./store/store.js";

/** What is pruned, and when. */
export interface PruneOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long what is over stays on record, in milliseconds. */
  readonly retentionMs: number;
  readonly trustDomain: string;
  /** Who is said to have done it, a SPIFFE ID. */
  readonly actor: string;
}

/** How long after its end a join token or a certificate is still known, so that who shows it is told why it is refused. */
const keptMs = 24 * 3_600_000;

/** How many rows of one kind go at once: the others are waiting. The rest goes the next time. */
const batch = 1_000;

/**
 * Forgets what is over. Nothing is without a bound: join tokens, certificates and locks on tokens go a day after their
 * end; bots that nobody has renewed, with their lineages and endpoints, locks that were taken off, grants that were
 * replaced, usage and audit records go after the retention. Call it in a transaction, and refresh the trust hub after.
 */
export async function prune(records: Records, { now, retentionMs, trustDomain, actor }: PruneOptions): Promise<void> {
  const before = now - retentionMs;
  await records.joinTokens.prune(now - keptMs);
  await records.certificates.prune(now - keptMs);
  await unrevokeSpent(records, now, actor);
  // Nor is one valid any more of which nobody said when it expires; every bot is told to forget the lock as well.
  for (const subject of await records.revocations.tokensBefore(now - keptMs - maximumTokenLifetimeMs, batch)) {
    const unrevoked = { unrevokedAt: now, trustVersion: await records.fleet.nextTrustVersion() };
    await records.revocations.unrevoke("token", subject, unrevoked);
  }
  const lastUnrevoked = await records.revocations.pruneUnrevoked(before);
  // A bot that has not heard of those is told everything.
  if (lastUnrevoked > 0) await records.fleet.startAt(lastUnrevoked);
  for (const name of await records.bots.prune(before, batch)) {
    await records.certificates.forgetLineage(name);
    await records.endpoints.replace(spiffeId(trustDomain, name).uri, [], now);
  }
  await records.grantVersions.prune(before);
  await records.usage.prune(before);
  await records.auditLog.prune(before, now, actor);
}
