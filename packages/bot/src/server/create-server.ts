import { setMaxListeners } from "node:events";
import type { TLSSocket } from "node:tls";
import { type Rate, type ServiceDefinition, serviceFaults } from "@interlock/policy";
import { createChain } from "../admission/chain.js";
import type { Connection } from "../admission/connection.js";
import type { FederatedDoor } from "../admission/refuse-federated.js";
import { deprecationMetadata } from "../base/deprecation-metadata.js";
import { InterlockError } from "../base/error.js";
import { ownGrpcLog } from "../base/grpc-log.js";
import { checkInterceptors } from "../base/run-interceptors.js";
import type { Unsubscribe } from "../base/subscription.js";
import { warnOfNode } from "../base/warn-node.js";
import { Health as HealthService } from "../gen/grpc/health/v1/health_interlock.js";
import type { SourceContact } from "../identity/source-contact.js";
import { createListener, type Listener } from "../listener/listener.js";
import { checkTracedCalls } from "../tracing/is-traced.js";
import { createCallServer, type TranslatedPeer } from "./call-server.js";
import { createEnrollmentDoor } from "./enrollment.js";
import { findHandler } from "./find-handler.js";
import type { Implementation } from "./handlers.js";
import { authorityHealth, createHealth, identityHealth, trustHealth } from "./health.js";
import { interceptHandler } from "./intercept-handler.js";
import type { ServerInterceptor } from "./interceptor.js";
import { maximumRequestBytes } from "./limits.js";
import type { BotServer, RouteLimits, Routes, ServerOptions } from "./options.js";
import { createReflection } from "./reflection.js";
import { createRequestGuards } from "./request-guard.js";
import { createRunHandler } from "./run-handler.js";
import type { RunnableMethod } from "./served-call.js";
import { createUnpacker } from "./unpacker.js";

/** A second port of a server, over HTTP/1.1, whose requests somebody translates into calls. */
export interface HttpPort {
  /** 0 for any free port. */
  readonly port: number;
  /** The address to listen on. Default: that of the server. */
  readonly host?: string | undefined;
  /** Takes the connection of a peer that has been verified. */
  onPeer(socket: TLSSocket, connection: Connection, calls: TranslatedPeer): void;
  /** Ends each connection once its calls have ended. */
  drain(): void;
}

/** A server that also passes calls on: a gateway's. */
export interface PassingServerOptions extends ServerOptions {
  /** Finds the methods whose calls are passed on as bytes, by path. It may answer differently later. Default: none. */
  readonly passing?: ((path: string) => RunnableMethod | undefined) | undefined;
  /** Identity patterns of the gateways (`via`) of the methods that are passed on. Default: none. */
  readonly gateways?: readonly string[] | undefined;
  /** Default: no second port. */
  readonly http?: HttpPort | undefined;
}

/** A server that may have a second port. */
export interface PassingServer extends BotServer {
  /** The second port. */
  readonly httpPort: number | undefined;
}

/**
 * Starts a secure server: mutual TLS on its port, the interceptor chain before every handler, health and reflection
 * beside the services that `build` adds. There is no way to leave any of it out.
 *
 * @param options - What the server needs, and its limits.
 * @param build - Adds the services.
 * @returns The running server.
 * @throws An error when the port is in use, when the policy of a method is missing or unsound, or when a handler is missing.
 */
export async function createServer(
  options: PassingServerOptions,
  build: (routes: Routes) => unknown,
): Promise<PassingServer> {
  const { trust, contact, identityContact, recorder, log, http } = options;
  ownGrpcLog(log);
  warnOfNode(log);
  checkRate(options.callerRate);
  const { interceptors = [], compression, gateways = [] } = options;
  checkInterceptors(interceptors);
  checkTracedCalls();
  const closes = new AbortController();
  setMaxListeners(0, closes.signal); // Any number of handlers may listen.
  const services: ServiceDefinition[] = [];
  const methods = new Map<string, RunnableMethod>();
  let listener: Listener | undefined;
  const door = options.federated === "served" ? servedDoor(services) : options.federated;
  const calls = createCallServer({
    ...options,
    methods,
    draining: closes.signal,
    chain: createChain(trust, { ...options, openToFederated: door?.open }),
    unpack: createUnpacker(),
    certificate: () => options.identity.current().leaf,
    vouch: (later, vouches) => listener?.connections.vouch(later, vouches) ?? [],
  });
  const health = createHealth(trust);
  const guards = createRequestGuards();

  function serve<S extends ServiceDefinition>(
    service: S,
    implementation: Implementation<S>,
    { requestBytes }: RouteLimits<S> = {},
    around: readonly ServerInterceptor[] = [],
  ): void {
    checkService(service, implementation, methods);
    for (const [key, method] of Object.entries(service.methods)) {
      const bytes = requestBytes && Object.hasOwn(requestBytes, key) ? requestBytes[key] : undefined;
      const handler = findHandler(implementation, key)?.bind(implementation) as never;
      methods.set(method.path, {
        service,
        method,
        maximumRequestBytes: maximumRequestBytes(method, bytes),
        durations: recorder.served.of(method.path),
        packs: compression !== undefined && !method.policy.anyBot, // Nothing is packed for a caller that need not show a token.
        deprecation: method.policy.deprecation && deprecationMetadata(method.policy.deprecation),
        checksConditions: true,
        run: createRunHandler(method, interceptHandler(method, handler, around), guards.guard(service, method), log),
      });
    }
  }

  const routes: Routes = {
    add(service, implementation, limits) {
      if (listener) throw new Error(`${service.name} is added too late: add services before the server listens.`);
      serve(service, implementation, limits, interceptors);
      services.push(service);
      return routes;
    },
  };
  await build(routes);
  await guards.prepare();
  serve(HealthService, health.implementation, { requestBytes: healthRequestBytes });
  const own = new Set([HealthService.name]);
  for (const { service, implementation } of createReflection(services)) {
    own.add(service.name);
    serve(service, implementation, { requestBytes: { serverReflectionInfo: reflectionRequestBytes } });
  }

  const { enrollment } = options;
  const enrollmentDoor = enrollment && createEnrollmentDoor({ ...options, enrollment });
  listener = await createListener(
    {
      ...options,
      admitsFederated: door?.admits,
      server: options,
      gateways: [...new Set([...gateways, ...services.flatMap(({ via = [] }) => via)])],
    },
    {
      onPeer: calls.accept,
      ...(enrollmentDoor && { onStranger: enrollmentDoor.admit }),
    },
  );
  const second = http && (await openHttp(http, listener));
  const listeners = second ? [listener, second] : [listener];
  for (const name of ["", ...services.map((service) => service.name)]) health.set(name, "SERVING");
  const showStaleness = (stale: boolean) => health.set(trustHealth, stale ? "NOT_SERVING" : "SERVING");
  showStaleness(trust.isStale());
  const shown = [
    trust.onStaleness(showStaleness),
    showContact(authorityHealth, contact),
    showContact(identityHealth, identityContact),
  ];

  function showContact(name: string, watched: SourceContact | undefined): Unsubscribe | undefined {
    const show = (away: boolean) => health.set(name, away ? "NOT_SERVING" : "SERVING");
    if (watched) show(watched.awaySince !== undefined);
    return watched?.onChange(show);
  }

  let closing: Promise<void> | undefined;
  async function openHttp({ port, host, onPeer }: HttpPort, first: Listener): Promise<Listener> {
    const at = { port, ...(host !== undefined && { host }), protocol: "http/1.1" } as const;
    try {
      return await createListener(
        { ...options, ...at, server: options, gateways },
        {
          onPeer(socket, connection) {
            const peer = calls.translate(connection);
            socket.once("close", peer.leave);
            onPeer(socket, connection, peer);
          },
        },
      );
    } catch (error) {
      await first.close();
      calls.close();
      throw error;
    }
  }

  async function drain(graceMs: number): Promise<void> {
    closes.abort(serverCloses());
    for (const name of ["", ...services.map((service) => service.name)]) health.set(name, "NOT_SERVING");
    for (const stopShowing of shown) stopShowing?.();
    for (const one of listeners) one.stop();
    enrollmentDoor?.close();
    endOwnCalls();
    calls.drain();
    http?.drain();
    const forced = setTimeout(() => void endAll(), graceMs);
    await Promise.all(listeners.map((one) => one.drained()));
    clearTimeout(forced);
    calls.close();
    await Promise.all(listeners.map((one) => one.close()));
  }

  const openConnections = () => listeners.flatMap(({ connections }) => connections.all());

  /** Ends what is open still, with a status that says why, and closes. */
  async function endAll(): Promise<void> {
    await Promise.all(openConnections().map((connection) => connection.cut(serverCloses())));
    await Promise.all(listeners.map((one) => one.close()));
  }

  // A call that watches the health would keep the server open forever.
  function endOwnCalls(): void {
    const closing = serverCloses();
    for (const call of openConnections().flatMap(({ calls }) => [...calls])) {
      if (own.has(call.service)) call.end(closing);
    }
  }

  const { port, address } = listener;
  const names = services.map((service) => service.name);
  return {
    port,
    httpPort: second?.port,
    address,
    services: names,
    setHealth(service, serving) {
      if (!closing) health.set(service, serving ? "SERVING" : "NOT_SERVING");
    },
    open: () => {
      const open = openConnections();
      const sum = (of: (connection: Connection) => number) => open.reduce((total, one) => total + of(one), 0);
      // Each token has two entries: its whole text and its reference.
      const tokens = sum((one) => one.bearers.size / 2);
      return { connections: open.length, calls: sum((one) => one.calls.size), tokens };
    },
    close: (graceMs = 10_000) => (closing ??= drain(graceMs)),
  };
}

/**
 * Lets in the bots of those federated trust domains whose relation names one of the services. Health is open to them: with it,
 * clients show new tokens for their streams, and find out whether a silent server is there.
 */
function servedDoor(services: readonly ServiceDefinition[]): FederatedDoor {
  const { check, watch } = HealthService.methods;
  return {
    admits: (domain) => services.some(({ name }) => domain.services.includes(name)),
    open: new Set([check.path, watch.path]),
  };
}

/** A health check names a service, and a call of reflection a file, a symbol or a type. */
const healthRequestBytes = { check: 4_096, list: 4_096, watch: 4_096 };
const reflectionRequestBytes = 16_384;

function serverCloses(): InterlockError {
  return new InterlockError("UNAVAILABLE", "The server is closing.");
}

function checkRate(rate: Rate | undefined): void {
  if (!rate || (rate.perSecond > 0 && rate.burst >= 1)) return;
  throw new TypeError("callerRate allows no call: perSecond must be above 0, and burst at least 1");
}

function checkService(service: ServiceDefinition, implementation: object, served: ReadonlyMap<string, unknown>): void {
  const faults = serviceFaults(service);
  for (const [key, method] of Object.entries(service.methods)) {
    if (served.has(method.path)) faults.push(`${method.path} is added twice`);
    if (findHandler(implementation, key) === undefined) {
      faults.push(`${method.path} has no handler: add "${key}" to the implementation`);
    }
  }
  if (faults.length > 0) throw new Error(`The server does not start:\n  ${faults.join("\n  ")}`);
}
