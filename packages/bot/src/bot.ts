import type { Rate, ServiceDefinition, SpiffeId } from "@interlock/policy";
import type { Clock } from "./base/clock.js";
import { InterlockError } from "./base/error.js";
import type { Log } from "./base/log.js";
import type { CreateRateLimiter } from "./base/rate-limiter.js";
import type { Denial, Recorder } from "./base/recorder.js";
import type { Unsubscribe } from "./base/subscription.js";
import { type Client, createClient } from "./client/client.js";
import { type Connector, createConnector } from "./client/connector.js";
import { propagateCalls } from "./context.js";
import type { IdentitySource } from "./identity/identity.js";
import type { Membership } from "./membership.js";
import { createServer } from "./server/create-server.js";
import type { BotServer, Routes } from "./server/options.js";
import { observeBot } from "./telemetry/observe-bot.js";
import type { Trust } from "./trust/trust.js";

/** Where a bot listens. */
export interface ServeOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** `127.0.0.1` unless said; `0.0.0.0` for every interface. */
  readonly host?: string;
  /** `host:port` at which others reach it; what it listens on unless said. */
  readonly advertise?: string;
  /** How many connections one bot may have at once: 64 unless said. */
  readonly connectionsPerPeer?: number;
  /** How many calls one bot may have open at once, over all of its connections. Default: 1,024. */
  readonly callsPerPeer?: number;
  /** How many bytes of requests one bot may have under way, over all of its connections. Default: 32 MiB. */
  readonly requestBytesPerPeer?: number;
  /**
   * How many calls one bot may make of all methods: 2,000 a second unless said, and 4,000 at once. What is over that is
   * answered with RESOURCE_EXHAUSTED; who goes on all the same is cut off.
   */
  readonly callerRate?: Rate;
}

/** Whom a client means to reach. */
export interface ClientOptions {
  /** Identity pattern of the server, for example `coffee/*`; the service's `served_by` unless said. */
  readonly server?: string;
}

/** A member of a fleet: it serves and calls under one identity. */
export interface Bot {
  readonly name: string;
  readonly spiffeId: SpiffeId;
  /** What it proves itself with; current at every moment. */
  readonly identity: IdentitySource;
  /** What it trusts; current at every moment. */
  readonly trust: Trust;
  /** Serves what `build` adds, over mutual TLS, each method under its policy. */
  serve(options: ServeOptions, build: (routes: Routes) => unknown): Promise<BotServer>;
  /**
   * A typed client of `service` at `address`, with a token for that service alone. Make it before you serve: the first
   * client of a process is what makes handlers hand their deadline and cancellation on, from the next call.
   */
  client<S extends ServiceDefinition>(service: S, address: string, options?: ClientOptions): Client<S>;
  /** Tells of everything that this bot's servers refuse. */
  onDenial(listener: (denial: Denial) => void): Unsubscribe;
  /** Drains the servers, reports a last time, and leaves. */
  close(graceMs?: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a bot stands on. */
export interface BotParts extends Membership {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes the limiters of its servers, for example over a shared store. Default: in memory. */
  readonly createLimiter?: CreateRateLimiter | undefined;
}

/** Puts a bot together from its parts; `joinFleet` does so with a membership that keeps itself current. */
export function createBot(parts: BotParts): Bot {
  const { identity, trust, recorder, clock, log } = parts;
  const servers = new Set<BotServer>();
  const connectors = new Map<ServiceDefinition, Map<string, Connector>>();
  const { spiffeId } = identity.current();
  let closing: Promise<void> | undefined;

  const bot: Bot = {
    name: spiffeId.name,
    spiffeId,
    identity,
    trust,
    async serve({ advertise, ...listening }, build) {
      refuseWhenClosed();
      const options = { identity, trust, recorder, log, clock, createLimiter: parts.createLimiter, ...listening };
      const server = await createServer(options, build);
      if (closing) {
        await server.close(0);
        refuseWhenClosed();
      }
      const stopReporting = parts.serving?.(server.services, advertise ?? server.address);
      servers.add(server);
      return {
        ...server,
        async close(graceMs) {
          stopReporting?.();
          servers.delete(server);
          await server.close(graceMs);
        },
      };
    },
    client(service, address, { server } = {}) {
      refuseWhenClosed();
      propagateCalls();
      return createClient(service, connectorFor(service, address, server));
    },
    onDenial: recorder.onDenial,
    close(graceMs) {
      closing ??= leave(graceMs);
      return closing;
    },
    [Symbol.asyncDispose]: () => bot.close(),
  };
  const stopObserving = observeBot({ ...parts, servers });

  // Clients that are alike share a channel, so that one made for every request is no leak.
  function connectorFor(service: ServiceDefinition, address: string, server: string | undefined): Connector {
    const ofService = connectors.get(service) ?? new Map<string, Connector>();
    connectors.set(service, ofService);
    const key = `${address} ${server ?? ""}`;
    const expected = server === undefined ? service.servedBy : [server];
    const connector = ofService.get(key) ?? createConnector(service, address, expected, parts);
    ofService.set(key, connector);
    return connector;
  }

  function refuseWhenClosed(): void {
    if (closing) throw new InterlockError("FAILED_PRECONDITION", "The bot has been closed.");
  }

  async function leave(graceMs?: number): Promise<void> {
    await Promise.all([...servers].map((server) => server.close(graceMs)));
    for (const connector of [...connectors.values()].flatMap((ofService) => [...ofService.values()])) connector.close();
    await parts.leave?.();
    stopObserving();
  }

  return bot;
}
