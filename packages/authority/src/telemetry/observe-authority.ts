import type { BotServer, Clock, IdentitySource, Unsubscribe } from "@interlock/bot";
import { observeBot, type Recorder } from "@interlock/bot/internal";
import { type BatchObservableResult, metrics } from "@opentelemetry/api";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { AuthorityCounts } from "./authority-counts.js";

/** The parts of an authority that are observed. */
export interface ObservedAuthority {
  readonly identity: IdentitySource;
  readonly hub: TrustHub;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly server: BotServer;
  readonly counts: AuthorityCounts;
}

/**
 * Registers the metrics of an authority, with those of every bot; see `observeBot`. Returns a function that removes
 * them.
 */
export function observeAuthority({ counts, hub, server, ...bot }: ObservedAuthority): Unsubscribe {
  const stopObserving = observeBot({ ...bot, trust: hub.trust, servers: [server] });
  const meter = metrics.getMeter("@interlock/authority");
  const tokens = meter.createObservableCounter("interlock.authority.tokens.issued", {
    unit: "{token}",
    description: "Issued tokens.",
  });
  const enrollments = meter.createObservableCounter("interlock.authority.enrollments", {
    unit: "{certificate}",
    description: "Certificates issued to bots, by cause.",
  });
  const revocations = meter.createObservableUpDownCounter("interlock.authority.revocations", {
    unit: "{revocation}",
    description: "Revocations in force: bots, patterns, certificates and tokens.",
  });
  const connected = meter.createObservableUpDownCounter("interlock.authority.bots.connected", {
    unit: "{bot}",
    description: "Bots that watch the trust at this authority.",
  });

  function observe(result: BatchObservableResult): void {
    result.observe(tokens, counts.tokensIssued);
    for (const [kind, count] of Object.entries(counts.enrollments)) {
      result.observe(enrollments, count, { "interlock.enrollment": kind });
    }
    result.observe(revocations, hub.trust.state.revocations.length);
    result.observe(connected, hub.watchers);
  }

  const all = [tokens, enrollments, revocations, connected];
  meter.addBatchObservableCallback(observe, all);
  return () => {
    meter.removeBatchObservableCallback(observe, all);
    stopObserving();
  };
}
