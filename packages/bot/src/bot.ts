import { expectedServers, type Rate, type ServiceDefinition, type SpiffeId } from "@interlock/policy";
import { readInterface } from "./base/address.js";
import type { Clock } from "./base/clock.js";
import { InterlockError } from "./base/error.js";
import type { Log } from "./base/log.js";
import { logDenials } from "./base/log-denials.js";
import type { CreateRateLimiter } from "./base/rate-limiter.js";
import type { Denial, Recorder } from "./base/recorder.js";
import type { Unsubscribe } from "./base/subscription.js";
import { askHealth, type HealthOptions } from "./client/ask-health.js";
import { channelTuning } from "./client/channel-tuning.js";
import { checkAddresses } from "./client/check-addresses.js";
import { type Client, createClient } from "./client/client.js";
import { type ClientOptions, checkClientOptions } from "./client/client-options.js";
import { connectService } from "./client/connect-service.js";
import { connectionTimes, type GivenTimes } from "./client/connection-times.js";
import type { Connector } from "./client/connector.js";
import { createDeprecationLog } from "./client/deprecation-log.js";
import { createSharedConnectors } from "./client/shared-connectors.js";
import { Health } from "./gen/grpc/health/v1/health_interlock.js";
import type { IdentitySource } from "./identity/identity.js";
import { createReachableAddress } from "./listener/reachable-address.js";
import type { Membership } from "./membership.js";
import { createServer } from "./server/create-server.js";
import type { ServerInterceptor } from "./server/interceptor.js";
import type { BotServer, Routes } from "./server/options.js";
import type { Metrics } from "./telemetry/metrics.js";
import { observeBot } from "./telemetry/observe-bot.js";
import type { TokenSource } from "./token/token-source.js";
import type { Trust } from "./trust/trust.js";

/** The options of {@link Bot.serve}. */
export interface ServeOptions {
  /** The port to listen on; 0 for any free port. */
  readonly port: number;
  /**
   * The address to listen on; `0.0.0.0` for every IPv4 interface, `::` for every interface. Default: `127.0.0.1`, which only
   * this machine reaches.
   */
  readonly host?: string;
  /**
   * `host` or `host:port` at which others reach the server, for example behind NAT. Default: `host`; on every interface, the
   * address of this machine, or the one on the way to the authority if it has several.
   */
  readonly advertise?: string;
  /** The number of connections that one bot may have at once, unless it is a gateway of a service that is served (`via`). Default: 64. */
  readonly connectionsPerPeer?: number;
  /** How many calls one bot may have open at once, over all of its connections and through gateways. Default: 1,024. */
  readonly callsPerPeer?: number;
  /** How many bytes of requests one bot may have under way, over all of its connections and through gateways. Default: 32 MiB. */
  readonly requestBytesPerPeer?: number;
  /**
   * The rate of calls that one bot may make, over all methods. A call above it is answered with RESOURCE_EXHAUSTED, and a
   * bot that continues regardless is disconnected. Default: 2,000 a second, and 4,000 at once.
   */
  readonly callerRate?: Rate;
  /**
   * Makes the limiters of `callerRate` and of the rates in proto files, for example over a store that several processes share, as
   * `@interlock/redis` does. Default: in the memory of this process, 10,000 keys each.
   */
  readonly createLimiter?: CreateRateLimiter;
  /** How many calls one connection may have open at once; the other end is told. Default: 256. */
  readonly callsPerConnection?: number;
  /**
   * How answers of 1 KiB and more are compressed, for callers that take it, by methods that need a token. Worth it for large
   * messages over slow networks. Default: not at all.
   */
  readonly compression?: "gzip";
  /**
   * Run around each handler of the services that are added, the first one outermost: after a call has been let in, with its
   * caller known. Default: none.
   */
  readonly interceptors?: readonly ServerInterceptor[];
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
  /** What can be measured of the bot; `serveMetrics` of `@interlock/bot/metrics` serves it to Prometheus. */
  readonly metrics: Metrics;
  /**
   * Serves over mutual TLS, each method under its policy.
   *
   * @param options - The port to listen on, and the limits.
   * @param build - Adds the services.
   * @returns The running server.
   * @throws InterlockError `FAILED_PRECONDITION` when the port cannot be listened on, when nothing tells at which of several
   *   addresses others reach the server, or when the bot has been closed; `INVALID_ARGUMENT` for a wrong `advertise`.
   *
   * @example
   * ```ts
   * await bot.serve({ port: 50051 }, (routes) => routes.add(GripperService, { grip, watchForce }));
   * await bot.serve({ port: 50051, host: "0.0.0.0" }, build); // for bots on other machines, too
   * ```
   */
  serve(options: ServeOptions, build: (routes: Routes) => unknown): Promise<BotServer>;
  /**
   * Creates a typed client of a service that is found by its name: the authority says which bots serve it, and where. The
   * bot must be granted a scope at the service, or `directory:read`.
   *
   * The client connects to one server that proves the expected identity and says that it serves, chosen at random. It
   * chooses again when that server stops serving or cannot be reached.
   *
   * @param service - The service's generated definition.
   * @param options - The identity that the server has to have, and what holds for each call.
   * @returns The client; it looks the service up with its first call. Calls reject with `NOT_FOUND` while no bot serves it.
   * @throws InterlockError `FAILED_PRECONDITION` when none of `via`, `served_by` and `options` say which bots may serve it, when
   *   there is no authority, and when the bot has been closed.
   *
   * @example
   * ```ts
   * const coffee = bot.client(CoffeeService);
   * await coffee.brew({ shots: 2 });
   * ```
   */
  client<S extends ServiceDefinition>(service: S, options?: ClientOptions): Client<S>;
  /**
   * Creates a typed client, whose calls carry a token for that one service with the scopes of the method that is called, or
   * none where any bot may call it. Calls that a handler makes end with the call that it serves, and at its deadline.
   *
   * @param service - The service's generated definition.
   * @param address - `host:port` of the server, `dns:///host:port`, or `unix:/path` of a socket of this machine that leads to it;
   *   or up to 16 addresses, of which the client uses the first whose server says that it serves, until that stops serving or
   *   cannot be reached.
   * @param options - The identity that the server has to have, and what holds for each call. Clients that differ in the limits,
   *   the compression or the times of their connections share none.
   * @returns The client; it connects with its first call.
   * @throws InterlockError `INVALID_ARGUMENT` for a malformed address or option; `FAILED_PRECONDITION` when the bot has been closed.
   *
   * @example
   * ```ts
   * const coffee = bot.client(CoffeeService, "localhost:50052");
   * await coffee.brew({ shots: 2 }, { timeoutMs: 2_000 });
   * ```
   */
  client<S extends ServiceDefinition>(
    service: S,
    address: string | readonly string[],
    options?: ClientOptions,
  ): Client<S>;
  /**
   * Asks a server of the fleet whether it serves, by `grpc.health.v1.Health`, which every bot serves to every bot.
   *
   * @param address - `host:port` of the server, `dns:///host:port` or `unix:/path`.
   * @param options - The service to ask about, the identity that the server has to have, and the time to wait.
   * @returns `SERVING`, `NOT_SERVING`, or `UNKNOWN` for a service that the server does not have.
   * @throws InterlockError `UNAVAILABLE` when the server cannot be reached, or is not the one that is meant.
   *
   * @example
   * ```ts
   * if ((await bot.health("localhost:50052")) !== "SERVING") await stop();
   * ```
   */
  health(address: string, options?: HealthOptions): Promise<"SERVING" | "NOT_SERVING" | "UNKNOWN">;
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
  readonly connections?: GivenTimes | undefined;
}

/** Creates a bot from its parts. `joinFleet` passes a membership that keeps itself current. */
export function createBot(parts: BotParts): Bot {
  const { identity, identityContact, trust, contact, recorder, clock, log } = parts;
  const servers = new Set<BotServer>();
  const connectors = createSharedConnectors();
  connectionTimes(parts.connections); // It throws where they are wrong.
  const { spiffeId } = identity.current();
  const deprecations = createDeprecationLog(log, clock);
  const metrics = observeBot({ ...parts, servers, channels: () => connectors.channels });
  let closing: Promise<void> | undefined;

  const bot: Bot = {
    name: spiffeId.name,
    spiffeId,
    identity,
    trust,
    metrics,
    async serve({ advertise, ...given }, build) {
      refuseWhenClosed();
      const listening = { ...given, host: readInterface(given.host ?? "127.0.0.1") };
      const served: ServiceDefinition[] = [];
      const addressAt = await createReachableAddress({ ...listening, advertise, towardsFleet: parts.towardsFleet });
      const ours = { identity, identityContact, trust, contact, recorder, log, clock };
      const server = await createServer({ ...ours, ...listening, federated: "served" }, (routes) =>
        build(watchRoutes(routes, served)),
      );
      if (closing) {
        await server.close(0);
        refuseWhenClosed();
      }
      const address = addressAt(server.port);
      const stopReporting = parts.serving?.(served, address, server.address);
      servers.add(server);
      return {
        ...server,
        address,
        async close(graceMs) {
          stopReporting?.();
          servers.delete(server);
          await server.close(graceMs);
        },
      };
    },
    client<S extends ServiceDefinition>(
      service: S,
      given?: string | readonly string[] | ClientOptions,
      options?: ClientOptions,
    ): Client<S> {
      refuseWhenClosed();
      const addressed = typeof given === "string" || Array.isArray(given);
      const addresses = addressed ? checkAddresses(given as string | readonly string[]) : undefined;
      const chosen = (addressed ? options : (given as ClientOptions | undefined)) ?? {};
      checkClientOptions(chosen);
      const { server, requestBytes, responseBytes, compression, delegation, approval, federated } = chosen;
      if (federated && !addresses) {
        throw new InterlockError("INVALID_ARGUMENT", "The directory has bots of the own fleet only: give an address.");
      }
      const own = {
        times: connectionTimes({ ...parts.connections, ...chosen.connections }),
        tuning: channelTuning(service, chosen),
      };
      const key = JSON.stringify([
        [addresses, server, requestBytes, responseBytes, compression, own.times],
        [delegation, approval, federated],
      ]);
      // To another trust domain this bot is a stranger under its whole SPIFFE ID, and no gateway of the service.
      const self = federated ? spiffeId.uri : spiffeId.name;
      const expected = server === undefined ? expectedServers(service, self) : [server];
      const calling = { ...parts, deprecations, ...own };
      const connect = () => {
        if (federated) {
          const access = parts.callFederated?.(federated);
          if (!access)
            throw new InterlockError("FAILED_PRECONDITION", "Federation needs an authority of the own fleet.");
          return closingToo(connectService(service, addresses, expected, { ...calling, ...access }), access.tokens);
        }
        if (delegation === undefined && approval === undefined) {
          return connectService(service, addresses, expected, calling);
        }
        const tokens = parts.tokensUnder?.({ delegation, approval });
        if (!tokens) throw new InterlockError("FAILED_PRECONDITION", "A delegation needs the tokens of an authority.");
        return closingToo(connectService(service, addresses, expected, { ...calling, tokens }), tokens);
      };
      const { connector, release } = connectors.lease(service, key, connect);
      return createClient(service, connector, release, chosen);
    },
    async health(address, options = {}) {
      const { server } = options;
      const client = bot.client(Health, address, server === undefined ? {} : { server });
      try {
        return await askHealth(client, options);
      } finally {
        client[Symbol.dispose]();
      }
    },
    onDenial: recorder.onDenial,
    close(graceMs) {
      closing ??= leave(graceMs);
      return closing;
    },
    [Symbol.asyncDispose]: () => bot.close(),
  };
  const stopLogging = logDenials(recorder, log);
  partsByBot.set(bot, parts);

  function refuseWhenClosed(): void {
    if (closing) throw new InterlockError("FAILED_PRECONDITION", "The bot has been closed.");
  }

  async function leave(graceMs?: number): Promise<void> {
    await Promise.all([...servers].map((server) => server.close(graceMs)));
    connectors.close();
    await parts.leave?.();
    stopLogging();
    metrics.stop();
  }

  return bot;
}

/** A connector that forgets its tokens, which are of no other client, when it is closed. */
function closingToo(connector: Connector, tokens: TokenSource): Connector {
  return {
    ...connector,
    close() {
      connector.close();
      tokens.close?.();
    },
  };
}

const partsByBot = new WeakMap<Bot, BotParts>();

/** The parts that a bot was made from, for what stands on a bot and is no part of it: a gateway. */
export function partsOf(bot: Bot): BotParts {
  const parts = partsByBot.get(bot);
  if (!parts) throw new TypeError("This is no bot that createBot or joinFleet has made.");
  return parts;
}

/** Routes that keep the definition of each service that is added. */
function watchRoutes(routes: Routes, served: ServiceDefinition[]): Routes {
  const watched: Routes = {
    add(service, implementation, limits) {
      routes.add(service, implementation, limits);
      served.push(service);
      return watched;
    },
  };
  return watched;
}
