import { type Attributes, type BatchObservableResult, metrics, type Observable } from "@opentelemetry/api";
import type { Clock } from "../base/clock.js";
import { grpcLogLines } from "../base/grpc-log.js";
import { reasons } from "../base/reason.js";
import type { CallTotal, Recorder } from "../base/recorder.js";
import type { Unsubscribe } from "../base/subscription.js";
import type { IdentitySource } from "../identity/identity.js";
import type { BotServer } from "../server/options.js";
import type { TokenSource } from "../token/token-source.js";
import type { Trust } from "../trust/trust.js";

/** The parts of a bot that metrics are read from. */
export interface ObservedBot {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly servers: Iterable<Pick<BotServer, "open">>;
  readonly tokens?: TokenSource;
}

/**
 * Reports the metrics of a bot through the OpenTelemetry API. They are read when an SDK asks for them, from counts that exist
 * anyway, and cost nothing in a process without an SDK. Register the SDK before the bot is made. Attributes are names of
 * this bot's own methods and reasons of the closed list, never a caller's text.
 *
 * @returns A function that ends it.
 */
export function observeBot(bot: ObservedBot): Unsubscribe {
  const meter = metrics.getMeter("@interlock/bot");
  const { identity, trust, recorder, clock, servers, tokens } = bot;
  const whose: Attributes = { "interlock.bot": identity.current().spiffeId.name };
  let renewals = 0;
  const stopCounting = identity.onChange(() => renewals++);

  const counter = (name: string, unit: string, description: string) =>
    meter.createObservableCounter(name, { unit, description });
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(name, { unit, description });
  const upDown = (name: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(name, { unit, description });

  const calls = counter("interlock.server.calls", "{call}", "Calls that were admitted or denied.");
  const refused = counter("interlock.server.handshakes.refused", "{handshake}", "Connections that were refused.");
  const connections = upDown("interlock.server.connections", "{connection}", "Connections that are open.");
  const open = upDown("interlock.server.active_calls", "{call}", "Calls and streams that are being served.");
  const verified = upDown("interlock.server.tokens", "{token}", "Verified tokens that are kept for connections.");
  const held = upDown("interlock.client.tokens", "{token}", "Tokens that are cached for calls.");
  const fetches = counter("interlock.client.token.fetches", "{token}", "Tokens that were fetched, or failed to be.");
  const version = gauge("interlock.trust.version", "{version}", "The version of the trust.");
  const age = gauge("interlock.trust.age", "s", "The time since the last word from the authority.");
  const bound = gauge("interlock.trust.stale_after", "s", "The age at which the trust becomes stale.");
  const stale = gauge("interlock.trust.stale", "1", "1 while the trust is stale: high-risk methods are refused.");
  const life = gauge("interlock.certificate.remaining", "s", "The remaining validity of the certificate.");
  const renewed = counter("interlock.certificate.renewals", "{renewal}", "Certificates that replaced another one.");

  const lines = counter("interlock.grpc.log_lines", "{line}", "Lines that the gRPC library wrote, of all bots here.");

  function observe(result: BatchObservableResult): void {
    const see = (what: Observable, value: number, more?: Attributes) => {
      if (Number.isFinite(value)) result.observe(what, value, { ...whose, ...more });
    };
    for (const total of recorder.totals()) {
      if (total.method === "") see(refused, total.count, { "error.type": total.denial });
      else see(calls, total.count, attributesOf(total));
    }
    const load = [...servers].map((server) => server.open());
    see(connections, sum(load, "connections"));
    see(open, sum(load, "calls"));
    see(verified, sum(load, "tokens"));
    const fetched = tokens?.counts?.();
    if (fetched) {
      see(held, fetched.held);
      see(fetches, fetched.fetched, { "interlock.outcome": "fetched" });
      see(fetches, fetched.failed, { "interlock.outcome": "failed" });
    }
    see(version, Number(trust.state.version));
    see(age, (clock.now() - trust.heardAt) / 1_000);
    see(bound, trust.state.staleAfterMs / 1_000);
    see(stale, trust.isStale() ? 1 : 0);
    see(life, (identity.current().leaf.notAfter - clock.now()) / 1_000);
    see(renewed, renewals);
    see(lines, grpcLogLines());
  }

  const all = [
    calls,
    refused,
    connections,
    open,
    verified,
    held,
    fetches,
    version,
    age,
    bound,
    stale,
    life,
    renewed,
    lines,
  ];
  meter.addBatchObservableCallback(observe, all);
  return () => {
    meter.removeBatchObservableCallback(observe, all);
    stopCounting();
  };
}

/** Attributes, named by the semantic conventions for RPC as far as these have a name. */
function attributesOf({ method, denial }: CallTotal): Attributes {
  const call = { "rpc.system.name": "grpc", "rpc.method": method.replace(/^\//, "") };
  if (denial === "") return { ...call, "interlock.outcome": "admitted" };
  const [code] = reasons[denial as keyof typeof reasons] ?? [denial];
  return { ...call, "interlock.outcome": "denied", "rpc.response.status_code": code, "error.type": denial };
}

type Load = ReturnType<BotServer["open"]>;

function sum(load: readonly Load[], what: keyof Load): number {
  return load.reduce((total, one) => total + one[what], 0);
}
