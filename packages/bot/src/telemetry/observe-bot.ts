import type { CallDuration, CallDurations } from "../base/call-durations.js";
import type { Clock } from "../base/clock.js";
import { grpcLogLines } from "../base/grpc-log.js";
import { durationBounds } from "../base/histogram.js";
import { reasons } from "../base/reason.js";
import type { CallTotal, Recorder } from "../base/recorder.js";
import { registeredOpenTelemetry } from "../base/registered-opentelemetry.js";
import type { Unsubscribe } from "../base/subscription.js";
import type { IdentitySource } from "../identity/identity.js";
import type { BotServer } from "../server/options.js";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";
import { botMetrics } from "./bot-metrics.js";
import type { MetricAttributes, MetricDefinition, Observe } from "./metric.js";
import { createMetrics, type ObservedMetrics } from "./metrics.js";

/** The parts of a bot that metrics are read from. */
export interface ObservedBot {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly servers: Iterable<Pick<BotServer, "open">>;
  readonly tokens?: TokenSource;
  /** The channels of its clients. Default: none. */
  channels?(): number;
}

const scope = "@interlock/bot";

/**
 * Creates the metrics of a bot. They are read when they are asked for, from counts that exist anyway; only the durations of
 * calls are measured for them. A registered OpenTelemetry SDK gets them, too: register it before the bot is made. Attributes
 * are names of methods that this bot serves or calls, and codes and reasons of closed lists, never a caller's text.
 */
export function observeBot(bot: ObservedBot): ObservedMetrics {
  const { identity, trust, recorder, clock, servers, tokens } = bot;
  const of = botMetrics;
  const whose = { "interlock.bot": identity.current().spiffeId.name };
  const all = createMetrics(whose);
  let renewals = 0;

  function observe(see: Observe): void {
    for (const row of recorder.served.all()) {
      see(of.served, row.histogram, { ...attributesOfDuration(row), "interlock.outcome": row.outcome });
    }
    for (const row of recorder.called.all()) see(of.called, row.histogram, attributesOfDuration(row));
    for (const total of recorder.totals()) {
      if (total.method === "") see(of.refused, total.count, { "error.type": total.denial });
      else see(of.calls, total.count, attributesOf(total));
    }
    const load = [...servers].map((server) => server.open());
    see(of.connections, sum(load, "connections"));
    see(of.open, sum(load, "calls"));
    see(of.verified, sum(load, "tokens"));
    see(of.channels, bot.channels?.() ?? 0);
    const fetched = tokens?.counts?.();
    if (fetched) {
      see(of.held, fetched.held);
      see(of.fetches, fetched.fetched, { "interlock.outcome": "fetched" });
      see(of.fetches, fetched.failed, { "interlock.outcome": "failed" });
      if (fetched.expiresAt !== undefined) see(of.tokenLife, (fetched.expiresAt - clock.now()) / 1_000);
    }
    see(of.version, Number(trust.state.version));
    see(of.age, (clock.now() - trust.heardAt) / 1_000);
    see(of.bound, trust.state.staleAfterMs / 1_000);
    see(of.stale, trust.isStale() ? 1 : 0);
    const { notBefore, notAfter } = identity.current().leaf;
    see(of.life, (notAfter - clock.now()) / 1_000);
    see(of.lifetime, (notAfter - notBefore) / 1_000);
    see(of.renewed, renewals);
    see(of.lines, grpcLogLines());
  }

  all.add({ scope, definitions: Object.values(of), observe });
  const stops = [
    all.stop,
    identity.onChange(() => renewals++),
    measure(recorder.served, of.served, whose, ({ outcome }) => ({ "interlock.outcome": outcome })),
    measure(recorder.called, of.called, whose),
  ];
  return {
    ...all,
    stop() {
      for (const stop of stops) stop();
    },
  };
}

/** Gives each duration to a registered SDK. Without one it goes nowhere. */
function measure(
  durations: CallDurations,
  { name, unit, description }: MetricDefinition,
  whose: MetricAttributes,
  more: (row: CallDuration) => MetricAttributes = () => ({}),
): Unsubscribe {
  const api = registeredOpenTelemetry();
  if (!api) return () => {};
  const advice = { explicitBucketBoundaries: [...durationBounds] };
  const histogram = api.metrics.getMeter(scope).createHistogram(name, { unit, description, advice });
  if (histogram === api.createNoopMeter().createHistogram(name)) return () => {};
  const known = new WeakMap<CallDuration, MetricAttributes>(); // Made once for each row of the table.
  return durations.listen((seconds, row) => {
    let attributes = known.get(row);
    if (!attributes) {
      attributes = { ...whose, ...attributesOfDuration(row), ...more(row) };
      known.set(row, attributes);
    }
    histogram.record(seconds, attributes);
  });
}

/** Attributes, named by the semantic conventions for RPC as far as these have a name. */
function attributesOfDuration({ method, code }: Pick<CallDuration, "method" | "code">): MetricAttributes {
  const call = { "rpc.system.name": "grpc", "rpc.method": method, "rpc.response.status_code": code };
  return code === "OK" ? call : { ...call, "error.type": code };
}

function attributesOf({ method, denial }: CallTotal): MetricAttributes {
  const call = { "rpc.system.name": "grpc", "rpc.method": method.replace(/^\//, "") };
  if (denial === "") return { ...call, "interlock.outcome": "admitted" };
  const [code] = reasons[denial as keyof typeof reasons] ?? [denial];
  return { ...call, "interlock.outcome": "denied", "rpc.response.status_code": code, "error.type": denial };
}

type Load = ReturnType<BotServer["open"]>;

function sum(load: readonly Load[], what: keyof Load): number {
  return load.reduce((total, one) => total + one[what], 0);
}
