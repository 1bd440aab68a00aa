import { setMaxListeners } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import {
  type Identity,
  type Implementation,
  InterlockError,
  type Log,
  type ServeOptions,
  type Trust,
} from "@interlock/bot";
import {
  bearerFault,
  type Connection,
  checkInterceptors,
  createCallServer,
  createChain,
  createConnection,
  createConnections,
  createRefuseEnded,
  createRequestGuards,
  createRunHandler,
  createUnpacker,
  denial,
  deprecationMetadata,
  findHandler,
  interceptHandler,
  keepPeerChains,
  maximumRequestBytes,
  outside,
  type Recorder,
  type RouteLimits,
  type RunnableMethod,
  readPeer,
  tlsContext,
  withoutConversion,
} from "@interlock/bot/internal";
import { type ServiceDefinition, serviceFaults } from "@interlock/policy";
import type { ManualClock } from "../manual-clock.js";

/** What the servers of a fleet have in common. */
export interface MemoryServerParts {
  readonly identity: Identity;
  readonly trust: Trust;
  readonly recorder: Recorder;
  readonly clock: ManualClock;
  readonly log: Log;
}

/** How a service is served: the limits and interceptors of `bot.serve`, and those of `routes.add`. */
export interface MemoryServeOptions<S extends ServiceDefinition>
  extends RouteLimits<S>,
    Pick<
      ServeOptions,
      "callsPerPeer" | "requestBytesPerPeer" | "callerRate" | "callsPerConnection" | "compression" | "interceptors"
    > {}

/** A server of one service, without a port. */
export interface MemoryServer {
  /** The name of the bot that serves. */
  readonly name: string;
  readonly service: ServiceDefinition;
  /** Connects to it. What comes back speaks TLS. */
  connect(): Duplex;
  /** Ends the calls that have run out by the clock of the fleet: with their token, or at the sunset of their method. */
  review(): void;
  /** Aborts `draining`, lets the calls finish, at most for so long, then ends the connections. */
  close(graceMs: number): Promise<void>;
}

let connections = 0;

/**
 * Serves a service over TLS in memory: each connection is a pair of streams. From the handshake on, everything is what a bot runs: the
 * peer's verification, the admission chain, HTTP/2, codecs, limits, interceptors, errors. What is left out stands before the handshake:
 * the port, its gate for strangers, and the limits of connections.
 *
 * It is put together from the parts of `@interlock/bot/internal`, so that no option of the real server can leave anything out.
 *
 * @throws An `Error` when the policy of a method is missing or unsound, or when a handler is missing.
 */
export function createMemoryServer<S extends ServiceDefinition>(
  service: S,
  implementation: Implementation<S>,
  parts: MemoryServerParts,
  options: MemoryServeOptions<S>,
): MemoryServer {
  const { identity, trust, recorder, clock, log } = parts;
  const methods = methodsOf(service, implementation, parts, options);
  const closes = new AbortController();
  setMaxListeners(0, closes.signal);
  const open = createConnections(trust, clock);
  const refuseEnded = createRefuseEnded(trust);
  const sockets = new Set<TLSSocket>();
  let wake = () => {};
  const calls = createCallServer({
    ...options,
    methods,
    trust,
    recorder,
    clock,
    log,
    unpack: createUnpacker(),
    draining: closes.signal,
    chain: createChain(trust, options),
    certificate: () => identity.leaf,
    vouch: open.vouch,
  });

  const tls = createTlsServer(
    {
      ...tlsContext(identity, trust.state.caCertificates),
      ALPNProtocols: ["h2"],
      requestCert: true,
      rejectUnauthorized: true,
    },
    accept,
  );
  keepPeerChains(tls);

  function accept(secured: TLSSocket): void {
    const socket = withoutConversion(secured);
    Object.defineProperties(socket, { remoteAddress: { value: "memory" }, remotePort: { value: ++connections } });
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      sockets.delete(socket);
      wake();
    });
    const peer = readPeer(socket, trust, clock);
    if (typeof peer === "string") {
      const address = `memory:${connections}`;
      recorder.denied({ at: clock.now(), reason: peer, method: "", caller: "", address, detail: "" });
      socket.destroy();
      return;
    }
    const connection: Connection = createConnection(socket, peer);
    open.add(connection, socket);
    calls.accept(socket, connection);
  }

  let closing: Promise<void> | undefined;
  async function drain(graceMs: number): Promise<void> {
    const error = new InterlockError("UNAVAILABLE", "The server is closing.");
    closes.abort(error);
    calls.drain();
    let late = graceMs <= 0;
    const timer = setTimeout(() => {
      late = true;
      wake();
    }, graceMs);
    while (sockets.size > 0 && !late) await new Promise<void>((resolve) => (wake = resolve));
    clearTimeout(timer);
    // Where there are calls, their statuses have to leave before the connection.
    await Promise.all(open.all().map((one) => (one.calls.size > 0 ? one.cut(error) : one.destroy())));
    for (const socket of sockets) socket.destroy();
    open.close();
    calls.close();
  }

  return {
    name: identity.spiffeId.name,
    service,
    connect() {
      const [near, far] = duplexPair();
      near.on("error", () => {});
      if (closing) near.destroy();
      else outside(() => tls.emit("connection", near)); // Not in the context of the call that connects.
      return far;
    },
    review() {
      for (const call of open.all().flatMap(({ calls }) => [...calls])) {
        try {
          refuseEnded({ method: call.method, now: clock.now() });
          const fault = call.bearer && bearerFault(call.bearer, trust, clock.now());
          if (fault) call.end(denial(fault));
        } catch (thrown) {
          call.end(InterlockError.from(thrown));
        }
      }
    },
    close: (graceMs) => (closing ??= drain(graceMs)),
  };
}

function methodsOf<S extends ServiceDefinition>(
  service: S,
  implementation: Implementation<S>,
  { recorder, log }: MemoryServerParts,
  { requestBytes, compression, interceptors = [] }: MemoryServeOptions<S>,
): ReadonlyMap<string, RunnableMethod> {
  checkInterceptors(interceptors);
  const faults = serviceFaults(service);
  const methods = new Map<string, RunnableMethod>();
  const guards = createRequestGuards(); // What a method needs of them is loaded in its first call.
  for (const [key, method] of Object.entries(service.methods)) {
    const found = findHandler(implementation, key);
    if (!found) faults.push(`${method.path} has no handler: add "${key}" to the implementation`);
    const { deprecation } = method.policy;
    const bytes = requestBytes && Object.hasOwn(requestBytes, key) ? requestBytes[key] : undefined;
    const handler = interceptHandler(method, found?.bind(implementation) as never, interceptors);
    methods.set(method.path, {
      service,
      method,
      maximumRequestBytes: maximumRequestBytes(method, bytes),
      durations: recorder.served.of(method.path),
      packs: compression !== undefined && !method.policy.anyBot,
      deprecation: deprecation && deprecationMetadata(deprecation),
      checksConditions: true,
      run: createRunHandler(method, handler, guards.guard(service, method), log),
    });
  }
  if (faults.length > 0) throw new Error(`The server does not start:\n  ${faults.join("\n  ")}`);
  return methods;
}
