import { type Bot, InterlockError } from "@interlock/bot";
import {
  connectionTimes,
  createDeprecationLog,
  createReachableAddress,
  createServer,
  partsOf,
  type RunnableMethod,
  readInterface,
  requireWire,
} from "@interlock/bot/internal";
import { matchesIdentity } from "@interlock/policy";
import { createAccessLog, type TellCall } from "./access-log.js";
import { createConnectPort } from "./connect/connect-port.js";
import { createDescribe, type FindForms } from "./connect/forms.js";
import { BotWay } from "./forward/bot-way.js";
import { createPassedMethod } from "./forward/create-passed-method.js";
import { ForwardedCall } from "./forward/forwarded-call.js";
import { GatewayService } from "./gen/interlock/gateway/v1/gateway_service_interlock.js";
import { createAdaptiveLimit, keepAdapted } from "./limits/adaptive-limit.js";
import { overloaded } from "./limits/overloaded.js";
import type { PortLimits } from "./limits/port-limits.js";
import { createCallers } from "./outbound/callers.js";
import { followPlaces } from "./outbound/follow-places.js";
import { watchHealth } from "./outbound/watch-health.js";
import { isAuthority, notInOwnName } from "./routes/in-own-name.js";
import { Instances, type Target } from "./routes/instances.js";
import { passedService } from "./routes/route.js";
import { type CompleteRoute, completeRoutes, type Routes } from "./routes/routes.js";
import { createTraffic } from "./traffic.js";
import { createTrafficService } from "./traffic-service.js";

/** How a gateway is opened. */
export interface GatewayOptions extends PortLimits {
  /** The services that are passed on. What they do not name is answered UNIMPLEMENTED. */
  readonly routes: Routes;
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string | undefined;
  /** `host` or `host:port` at which others reach it; see `ServeOptions`. */
  readonly advertise?: string | undefined;
  /** A second port, for callers without gRPC. Default: none. */
  readonly connect?: ConnectOptions | undefined;
  /** One of how many calls that went well is logged; 0 for none. Each that failed is. Default: 100. */
  readonly logSample?: number | undefined;
  /** The most calls that are open at once, over all bots. It adapts to what the process can do. Default: 16,384. */
  readonly maximumCalls?: number | undefined;
  /** Takes each call that has ended. Default: none. */
  readonly onCall?: TellCall | undefined;
}

/**
 * A port for the Connect protocol over HTTP/1.1 and mutual TLS: unary and server-streaming calls in JSON and proto, under the same
 * admission, for `curl` and other programs that speak no gRPC. JSON needs the descriptors of a service: those of its definition, or of
 * its route.
 */
export interface ConnectOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** The address to listen on. Default: that of the gateway. */
  readonly host?: string | undefined;
}

/** A gateway that is open. */
export interface Gateway {
  /** The port on which it listens. */
  readonly port: number;
  /** The port for the Connect protocol; absent where there is none. */
  readonly connectPort: number | undefined;
  /** `host:port` at which others reach it. */
  readonly address: string;
  /** The full names of the services that it passes on. */
  readonly services: readonly string[];
  /** What is open now: connections of bots to the gateway, calls, connections of the gateway, and how many calls there may be. */
  open(): {
    readonly connections: number;
    readonly calls: number;
    readonly upstream: number;
    readonly callers: number;
    readonly callLimit: number;
  };
  /** The bots that serve a service, as the gateway sees them now. */
  instances(
    service: string,
  ): readonly { readonly address: string; readonly serving: boolean; readonly calls: number }[];
  /** Sets what the health service of the gateway reports for a name; see `BotServer`. */
  setHealth(service: string, serving: boolean): void;
  /**
   * Takes over other routes. Calls under way go on.
   *
   * @throws A `TypeError` for routes that cannot be used: those before stay.
   */
  reload(routes: Routes): Promise<void>;
  /**
   * Refuses new calls, lets the open ones finish, then closes.
   *
   * @param graceMs - How long open calls may take. Default: 10,000.
   */
  close(graceMs?: number): Promise<void>;
}

/** Whether a place is one of a route. */
function isAllowed({ address, servers }: Target, route: CompleteRoute): boolean {
  if (route.addresses) return route.addresses.includes(address) && servers.join(" ") === route.servers.join(" ");
  return servers.every((name) => route.servers.some((pattern) => matchesIdentity(pattern, name)));
}

interface Passed {
  readonly route: CompleteRoute;
  readonly instances: Instances;
}

/**
 * Opens a gateway: one port in front of the bots that serve the given services. A call is admitted there as at a bot, by the policy of
 * its method, and goes on as bytes, with a token in which its caller is the subject and the gateway the actor. The bot needs
 * `token:exchange` at each service.
 *
 * @throws InterlockError `FAILED_PRECONDITION` when the port cannot be listened on, where there is no authority, and with
 *   `INTERLOCK_TRANSPORT=grpc-js`; a `TypeError` for
 *   routes that cannot be used.
 *
 * @example
 * ```ts
 * const bot = await joinFleet({ authority: "localhost:7443", name: "gateway/1", joinToken });
 * const gateway = await openGateway(bot, { port: 7500, routes: [GripperService, CoffeeService] });
 * ```
 */
export async function openGateway(bot: Bot, options: GatewayOptions): Promise<Gateway> {
  requireWire();
  const parts = partsOf(bot);
  const { identity, trust, contact, recorder, clock, log, exchange } = parts;
  if (!exchange) {
    throw new InterlockError("FAILED_PRECONDITION", "A gateway exchanges tokens, and this bot has no authority.");
  }
  const { logSample = 100, maximumCalls, onCall, advertise, connect, routes: _, ...listening } = options;
  const host = readInterface(options.host ?? "127.0.0.1");
  const writeLine = createAccessLog(log, logSample);
  const callers = createCallers({
    exchange,
    identity,
    trust,
    clock,
    recorder,
    deprecations: createDeprecationLog(log, clock),
    times: connectionTimes(parts.connections),
  });
  const limit = createAdaptiveLimit({ most: maximumCalls });
  const health = watchHealth(bot, callers.reconnect);
  const traffic = createTraffic();
  const stopCounting = recorder.onDenial(traffic.denied);
  let passed = new Map<string, Passed>();
  let methods = new Map<string, RunnableMethod>();
  let forms = new Map<string, FindForms>();

  const tell: TellCall = (call) => {
    limit.end(call.caller.name);
    traffic.passed(call);
    writeLine(call);
    onCall?.(call);
  };

  /** The table of another set of routes. What is known of a service that stays is kept. */
  function take(routes: readonly CompleteRoute[]): void {
    const nextPassed = new Map<string, Passed>();
    const nextMethods = new Map<string, RunnableMethod>();
    const nextForms = new Map<string, FindForms>();
    const describe = createDescribe();
    for (const route of routes) {
      if (isAuthority(route.service.name)) {
        throw new TypeError(`${route.service.name} cannot be passed on: it acts for the bot that is connected to it`);
      }
      const service = passedService(route.service);
      const instances = passed.get(service.name)?.instances ?? new Instances();
      // No call goes where the routes do not allow it any more, also before the directory has been asked again.
      instances.keep((target) => isAllowed(target, route));
      nextPassed.set(service.name, { route, instances });
      if (connect && route.descriptors) nextForms.set(service.name, describe(service.name, route.descriptors));
      const { via: _, ...here } = service; // A call that is passed on has come to the gateway.
      for (const method of Object.values(service.methods)) {
        const { served, made } = createPassedMethod(here, method, instances, recorder.served.of(method.path));
        nextMethods.set(method.path, {
          ...served,
          checksConditions: true, // By the bot: the exchanged token has the conditions of the caller's.
          pass(call, live, request) {
            if (method.policy.anyBot && !route.anyBot) return live.end(notInOwnName());
            if (!limit.begin(live.caller.name)) return live.end(overloaded("the gateway"));
            const way = new BotWay(callers.of(live.caller, live.bearer?.token), call.connection, call.head, made);
            new ForwardedCall(call, live, request, made, way, tell).begin();
          },
        });
      }
    }
    for (const [name, { instances }] of passed) {
      if (nextPassed.has(name)) continue;
      instances.set([]);
      health.follow(name, instances);
      server?.setHealth(name, false);
    }
    passed = nextPassed;
    methods = nextMethods;
    forms = nextForms;
  }

  function callable(path: string) {
    const served = methods.get(path);
    return served && { served, forms: forms.get(served.service.name)?.(path) };
  }

  function open() {
    const { connections, calls } = server?.open() ?? { connections: 0, calls: 0 };
    const { callers: count, connections: upstream } = callers.open();
    return { connections, calls, upstream, callers: count, callLimit: limit.limit };
  }

  const addressAt = await createReachableAddress({ host, advertise, towardsFleet: parts.towardsFleet });
  let server: Awaited<ReturnType<typeof createServer>> | undefined;
  take(completeRoutes(options.routes));
  const unnamed = [...passed.values()].filter(({ route }) => !route.service.via).map(({ route }) => route.service.name);
  if (unnamed.length > 0) {
    const problem = "without via in their proto files, bots count this gateway as one bot, with 64 connections";
    log.info("services name no gateway", { services: unnamed.join(" "), problem });
  }
  server = await createServer(
    {
      identity,
      trust,
      contact,
      recorder,
      log,
      clock,
      ...listening,
      host,
      passing: (path) => methods.get(path),
      http: connect && createConnectPort({ ...connect, clock, find: callable }),
    },
    (served) => served.add(GatewayService, createTrafficService(traffic, open)),
  );
  const running = server;
  const places = followPlaces(() => [...passed.values()].map(({ route, instances }) => [route, instances] as const), {
    locate: parts.locate,
    log,
    self: bot.name,
    onChange(name) {
      const instances = passed.get(name)?.instances;
      if (!instances) return;
      health.follow(name, instances);
      running.setHealth(name, instances.all.length > 0);
    },
  });
  const address = addressAt(running.port);
  const definitions = () => [GatewayService, ...[...passed.values()].map(({ route }) => passedService(route.service))];
  let stopReporting = parts.serving?.(definitions(), address, running.address);
  const stopAdapting = keepAdapted(limit);
  await places.look();
  let closing: Promise<void> | undefined;

  async function end(graceMs?: number): Promise<void> {
    stopReporting?.();
    places.close();
    for (const name of passed.keys()) running.setHealth(name, false);
    await running.close(graceMs);
    stopAdapting();
    stopCounting();
    health.close();
    callers.close();
  }

  return {
    port: running.port,
    connectPort: running.httpPort,
    address,
    get services() {
      return [...passed.keys()];
    },
    open,
    instances: (service) =>
      (passed.get(service)?.instances.all ?? []).map(({ address, serving, calls }) => ({ address, serving, calls })),
    setHealth: running.setHealth,
    async reload(routes) {
      take(completeRoutes(routes));
      const stopOld = stopReporting;
      stopReporting = parts.serving?.(definitions(), address, running.address);
      stopOld?.(); // After the new report, so that the directory has the gateway all the time.
      await places.look();
    },
    close: (graceMs) => (closing ??= end(graceMs)),
  };
}
