import { type ConnectionInjector, Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { type AnyMethod, type Rate, type ServiceDefinition, serviceFaults } from "@interlock/policy";
import { createChain } from "../admission/chain.js";
import type { Connection } from "../admission/connection.js";
import { InterlockError } from "../base/error.js";
import { ownGrpcLog } from "../base/grpc-log.js";
import { warnOfNode } from "../base/warn-node.js";
import { Health as HealthService } from "../gen/grpc/health/v1/health_interlock.js";
import { createListener, type Listener } from "../listener/listener.js";
import { type Arrivals, watchArrivals } from "./arrivals.js";
import { createEnrollmentDoor } from "./enrollment.js";
import { createGate } from "./gated-call.js";
import { createHandlerAdapter } from "./grpc-handler.js";
import { toGrpcService } from "./grpc-service.js";
import type { Handler, Implementation } from "./handlers.js";
import { createHealth, trustHealth } from "./health.js";
import { limits, maximumRequestBytes } from "./limits.js";
import type { BotServer, RouteLimits, Routes, ServedMethod, ServerOptions } from "./options.js";
import { createReflection } from "./reflection.js";

/**
 * Starts a secure server: mutual TLS on its port, the interceptor chain before every handler, health and reflection
 * beside the services that `build` adds. There is no way to leave any of it out.
 *
 * @param options - What the server needs, and its limits.
 * @param build - Adds the services.
 * @returns The running server.
 * @throws An error when the port is in use, when the policy of a method is missing or unsound, or when a handler is missing.
 */
export async function createServer(options: ServerOptions, build: (routes: Routes) => unknown): Promise<BotServer> {
  const { trust, clock, recorder, log } = options;
  ownGrpcLog(log);
  warnOfNode(log);
  checkRate(options.callerRate);
  const services: ServiceDefinition[] = [];
  const methods = new Map<string, ServedMethod>();
  let listener: Listener | undefined;
  let arrivals: Arrivals | undefined;
  const chain = createChain(trust, options);
  const connectionOf = (address: string | undefined, port: number | undefined) =>
    listener?.connections.find(address, port);
  const gate = createGate({
    chain,
    trust,
    clock,
    recorder,
    certificate: () => options.identity.current().leaf,
    arriving: () => arrivals?.current(),
    vouch: (later, vouches) => listener?.connections.vouch(later, vouches) ?? [],
  });
  const grpc = new Server({ ...limits, interceptors: [gate.interceptor] });
  const toGrpcHandler = createHandlerAdapter(gate.callOf, log);
  const health = createHealth();

  function serve<S extends ServiceDefinition>(
    service: S,
    implementation: Implementation<S>,
    { requestBytes }: RouteLimits<S> = {},
  ): void {
    checkService(service, implementation, methods);
    const handlers = Object.entries(service.methods).map(([key, method]) => {
      const handler = (implementation as Record<string, Handler<AnyMethod>>)[key] as (...args: never[]) => unknown;
      return [key, toGrpcHandler(method, handler.bind(implementation) as never)];
    });
    register(service, Object.fromEntries(handlers), requestBytes);
  }

  function register(
    service: ServiceDefinition,
    handlers: UntypedServiceImplementation,
    requestBytes: Readonly<Record<string, number | undefined>> = {},
  ): void {
    for (const [key, method] of Object.entries(service.methods)) {
      methods.set(method.path, {
        service,
        method,
        maximumRequestBytes: maximumRequestBytes(method, requestBytes[key]),
      });
    }
    grpc.addService(toGrpcService(service), handlers);
  }

  const routes: Routes = {
    add(service, implementation, limits) {
      if (listener) throw new Error(`${service.name} is added too late: add services before the server listens.`);
      serve(service, implementation, limits);
      services.push(service);
      return routes;
    },
  };
  await build(routes);
  serve(HealthService, health.implementation, { requestBytes: healthRequestBytes });
  for (const { service, implementation } of createReflection(services)) {
    register(service, implementation, { serverReflectionInfo: reflectionRequestBytes });
  }

  // The sockets are TLS already, and their peers are verified: "insecure" is grpc-js's word for leaving them as they are.
  const injector: ConnectionInjector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  arrivals = watchArrivals(grpc, { ...options, chain, methods, connectionOf });
  const enrollmentDoor = options.enrollment && createEnrollmentDoor(options.enrollment, log);
  listener = await createListener(options, {
    onPeer: (socket) => injector.injectConnection(socket),
    ...(enrollmentDoor && { onStranger: enrollmentDoor.admit }),
  });
  for (const name of ["", ...services.map((service) => service.name)]) health.set(name, "SERVING");
  const showStaleness = (stale: boolean) => health.set(trustHealth, stale ? "NOT_SERVING" : "SERVING");
  showStaleness(trust.isStale());
  const stopShowing = trust.onStaleness(showStaleness);

  let closing: Promise<void> | undefined;
  async function drain(running: Listener, graceMs: number): Promise<void> {
    for (const name of ["", ...services.map((service) => service.name)]) health.set(name, "NOT_SERVING");
    stopShowing();
    running.stop();
    enrollmentDoor?.close();
    endOwnCalls(running);
    // Every session gets a GOAWAY and closes once its calls have ended. grpc-js does not always wait for that (after
    // `injector.drain`, or on Node 24, it takes a closing session for closed), so the sockets are awaited instead.
    grpc.tryShutdown(() => {});
    const forced = setTimeout(() => void endAll(running), graceMs);
    await running.drained();
    clearTimeout(forced);
    injector.destroy();
    arrivals?.close();
    await running.close();
  }

  /** Ends what is open still, with a status that says why, and closes. */
  async function endAll(running: Listener): Promise<void> {
    const all = running.connections.all();
    await Promise.all(all.map((connection) => connection.cut(serverCloses())));
    await running.close();
  }

  // A call that watches the health would keep the server open forever.
  function endOwnCalls({ connections }: Listener): void {
    const closing = serverCloses();
    for (const call of connections.all().flatMap(({ calls }) => [...calls])) {
      if (!services.some(({ name }) => name === call.service)) call.end(closing);
    }
  }

  const { port, address } = listener;
  const names = services.map((service) => service.name);
  return {
    port,
    address,
    services: names,
    setHealth(service, serving) {
      if (!closing) health.set(service, serving ? "SERVING" : "NOT_SERVING");
    },
    open: () => {
      const open = (listener as Listener).connections.all();
      const sum = (of: (connection: Connection) => number) => open.reduce((total, one) => total + of(one), 0);
      // Each token has two entries: its whole text and its reference.
      const tokens = sum((one) => one.bearers.size / 2);
      return { connections: open.length, calls: sum((one) => one.calls.size), tokens };
    },
    close: (graceMs = 10_000) => (closing ??= drain(listener as Listener, graceMs)),
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
    if (typeof (implementation as Record<string, unknown>)[key] !== "function") {
      faults.push(`${method.path} has no handler: add "${key}" to the implementation`);
    }
  }
  if (faults.length > 0) throw new Error(`The server does not start:\n  ${faults.join("\n  ")}`);
}
