import type { BotServer, Clock, IdentitySource } from "@interlock/bot";
import { type ObservedMetrics, observeBot, type Recorder } from "@interlock/bot/internal";
import type { Observe } from "@interlock/bot/metrics";
import { activeRoot, intermediatesOf, rootsOf } from "../ca/ca-schedule.js";
import type { CertificateAuthority } from "../ca/certificate-authority.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { AuthorityCounts } from "./authority-counts.js";
import { authorityMetrics } from "./authority-metrics.js";

/** The parts of an authority that are observed. */
export interface ObservedAuthority {
  readonly identity: IdentitySource;
  readonly hub: TrustHub;
  readonly ca: Pick<CertificateAuthority, "rows">;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly server: BotServer;
  readonly counts: AuthorityCounts;
}

/** Creates the metrics of an authority, with those of every bot; see `observeBot`. */
export function observeAuthority({ counts, hub, ca, server, ...bot }: ObservedAuthority): ObservedMetrics {
  const metrics = observeBot({ ...bot, trust: hub.trust, servers: [server] });
  const of = authorityMetrics;

  function observe(see: Observe): void {
    see(of.tokens, counts.tokensIssued);
    for (const [kind, count] of Object.entries(counts.enrollments)) {
      see(of.enrollments, count, { "interlock.enrollment": kind });
    }
    see(of.revocations, hub.trust.state.revocations.length);
    see(of.connected, hub.watchers);
    if (counts.auditRecords !== undefined) see(of.auditRecords, counts.auditRecords);
    if (counts.audit !== undefined) {
      for (const [severity, count] of Object.entries(counts.audit.findings))
        see(of.findings, count, { "interlock.severity": severity });
      see(of.auditAge, (bot.clock.now() - counts.audit.at) / 1_000);
    }
    for (const [outcome, histogram] of Object.entries(counts.transactions)) {
      see(of.transactions, histogram, { "interlock.outcome": outcome });
    }
    const root = activeRoot(rootsOf(ca.rows));
    const [intermediate] = root ? intermediatesOf(root, ca.rows) : [];
    for (const [kind, row] of Object.entries({ root, intermediate })) {
      if (row) see(of.ca, (row.notAfter - bot.clock.now()) / 1_000, { "interlock.ca": kind });
    }
  }

  metrics.add({ scope: "@interlock/authority", definitions: Object.values(of), observe });
  return metrics;
}
