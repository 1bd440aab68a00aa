import type { BotServer, Clock, IdentitySource, Unsubscribe } from "@interlock/bot";
import { observeBot, type Recorder } from "@interlock/bot/internal";
import { type BatchObservableResult, metrics } from "@opentelemetry/api";
import type { TrustHub } from "../trust-hub/trust-hub.js";
import type { AuthorityCounts } from "./authority-counts.js";

/** What is observed of an authority. */
export interface ObservedAuthority {
  readonly identity: IdentitySource;
  readonly hub: TrustHub;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly server: BotServer;
  readonly counts: AuthorityCounts;
}

/** Metrics of an authority, besides those that it has as any bot has them; see `observeBot`. Gives what ends it. */
export function observeAuthority({ counts, hub, server, ...bot }: ObservedAuthority): Unsubscribe {
  const stopObserving = observeBot({ ...bot, trust: hub.trust, servers: [server] });
  const meter = metrics.getMeter("@interlock/authority");
  const tokens = meter.createObservableCounter("interlock.authority.tokens.issued", {
    unit: "{token}",
    description: "Tokens that were issued.",
  });
  const enrollments = meter.createObservableCounter("interlock.authority.enrollments", {
    unit: "{certificate}",
    description: "Certificates that were issued to bots, by what for.",
  });
  const locks = meter.createObservableUpDownCounter("interlock.authority.revocations", {
    unit: "{lock}",
    description: "Bots, patterns, certificates and tokens that are locked out.",
  });
  const connected = meter.createObservableUpDownCounter("interlock.authority.bots.connected", {
    unit: "{bot}",
    description: "Bots that follow the trust here.",
  });

  function observe(result: BatchObservableResult): void {
    result.observe(tokens, counts.tokensIssued);
    for (const [kind, count] of Object.entries(counts.enrollments)) {
      result.observe(enrollments, count, { "interlock.enrollment": kind });
    }
    result.observe(locks, hub.trust.state.revocations.length);
    result.observe(connected, hub.watchers);
  }

  const all = [tokens, enrollments, locks, connected];
  meter.addBatchObservableCallback(observe, all);
  return () => {
    meter.removeBatchObservableCallback(observe, all);
    stopObserving();
  };
}
