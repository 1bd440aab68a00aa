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

/** The options of {@link Bot.serve}. */
export interface ServeOptions {
  /** The port to listen on; 0 for any free port. */
  readonly port: number;
  /** The address to listen on; `0.0.0.0` for every interface. Default: `127.0.0.1`. */
  readonly host?: string;
  /** `host:port` at which others reach the server. Default: the address that it listens on. */
  readonly advertise?: string;
  /** The number of connections that one bot may have at once. Default: 64. */
  readonly connectionsPerPeer?: number;
  /** How many calls one bot may have open at once, over all of its connections. Default: 1,024. */
  readonly callsPerPeer?: number;
  /** How many bytes of requests one bot may have under way, over all of its connections. Default: 32 MiB. */
  readonly requestBytesPerPeer?: number;
  /**
   * The rate of calls that one bot may make, over all methods. A call above it is answered with RESOURCE_EXHAUSTED, and a
   * bot that continues regardless is disconnected. Default: 2,000 a second, and 4,000 at once.
   */
  readonly callerRate?: Rate;
}

/** The options of {@link Bot.client}. */
export interface ClientOptions {
  /** The identity pattern that the server has to match, for example `coffee/*`. Default: the service's `served_by`. */
  readonly server?: string;
}

/** A member of a fleet, which serves and calls under one identity. Made by {@link joinFleet}. */
export interface Bot {
  /** The name within the fleet, for example `gripper/1`. */
  readonly name: string;
  /** The SPIFFE ID, for example `spiffe://cafe/gripper/1`. */
  readonly spiffeId: SpiffeId;
  /** The certificate and key with which the bot proves its identity, kept current. */
  readonly identity: IdentitySource;
  /** The CAs, token keys and revocations that the bot uses, kept current. */
  readonly trust: Trust;
  /**
   * Serves over mutual TLS, each method under its policy.
   *
   * @param options - The port to listen on, and the limits.
   * @param build - Adds the services.
   * @returns The running server.
   * @throws InterlockError `FAILED_PRECONDITION` when the port cannot be listened on, or the bot has been closed.
   *
   * @example
   * ```ts
   * await bot.serve({ port: 50051 }, (routes) => routes.add(GripperService, { grip, watchForce }));
   * ```
   */
  serve(options: ServeOptions, build: (routes: Routes) => unknown): Promise<BotServer>;
  /**
   * Creates a typed client, whose calls carry a token for that one service. Create it before you serve: the first client
   * of a process switches on that handlers pass their deadline and cancellation on, from the next call.
   *
   * @param service - The service's generated definition.
   * @param address - `host:port` of the server.
   * @param options - The identity that the server has to have.
   * @returns The client; it connects with its first call.
   * @throws InterlockError `FAILED_PRECONDITION` when the bot has been closed.
   *
   * @example
   * ```ts
   * const coffee = bot.client(CoffeeService, "localhost:50052");
   * await coffee.brew({ shots: 2 }, { timeoutMs: 2_000 });
   * ```
   */
  client<S extends ServiceDefinition>(service: S, address: string, options?: ClientOptions): Client<S>;
  /**
   * Calls `listener` for each connection and each call that this bot's servers refuse.
   *
   * @param listener - Gets the denial with its reason.
   * @returns A function that ends the subscription.
   */
  onDenial(listener: (denial: Denial) => void): Unsubscribe;
  /**
   * Drains the servers, reports to the authority a last time, and closes every connection.
   *
   * @param graceMs - The time that calls under way have to finish. Default: 10,000.
   * @returns A promise that resolves once everything is closed.
   */
  close(graceMs?: number): Promise<void>;
  /** Closes the bot at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The parts that {@link createBot} puts together. */
export interface BotParts extends Membership {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes the limiters of its servers, for example over a shared store. Default: in memory. */
  readonly createLimiter?: CreateRateLimiter | undefined;
}

/** Creates a bot from its parts. `joinFleet` passes a membership that keeps itself current. */
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
      const server = await createServer(
        { identity, trust, recorder, log, clock, createLimiter: parts.createLimiter, ...listening },
        build,
      );
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

  // Clients that are alike share a channel, so a client that is made for every request does not leak.
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
