import { type AddressInfo, createServer, isIPv6, type Server } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { isFederatedName, matchesIdentity, type SpiffeId } from "@interlock/policy";
import { addressOf, type Connection, createConnection } from "../admission/connection.js";
import { type Connections, createConnections } from "../admission/connections.js";
import type { RefusingServer } from "../admission/trust-stale.js";
import { checkPort } from "../base/address.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Reason } from "../base/reason.js";
import type { Recorder } from "../base/recorder.js";
import type { Unsubscribe } from "../base/subscription.js";
import type { Identity } from "../identity/identity.js";
import { keepPeerChains, withoutConversion } from "../identity/peer-chain.js";
import { certificatesToPem } from "../identity/pem.js";
import { tlsContext } from "../identity/tls-context.js";
import type { FederatedDomain } from "../trust/federated-domain.js";
import type { Trust } from "../trust/trust.js";
import { createAcceptGate, maximumHandshakes } from "./accept-gate.js";
import { createPlaces } from "./places.js";
import { readPeer } from "./read-peer.js";
import { refusalOf } from "./refusal.js";
import { sourceOf } from "./source.js";
import { createTurnstile } from "./turnstile.js";

const defaultMaximumConnections = 4_096;
// A client has one connection to a server for each service it calls, and for a while another one after a renewal.
const defaultConnectionsPerPeer = 64;

/**
 * The peers that are verified in one turn of the event loop, at a millisecond each: the handshakes of many end together, where they are
 * computed by one machine.
 */
const verifiedPerTurn = 1;

/** The time for a stranger to make its first request, in milliseconds: it has come for one. */
const strangerIdleMs = 2_000;

/** The certificate of a port: its chain, DER, the leaf first, and its key (PKCS #8, PEM). */
export type ServerKeyPair = Pick<Identity, "chain" | "privateKey">;

/** What a TLS port needs. */
export interface ListenerOptions {
  readonly identity: {
    current(): ServerKeyPair;
    onChange(listener: (next: ServerKeyPair) => void): Unsubscribe;
  };
  readonly trust: Trust;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly clock: Clock;
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The protocol over TLS. Default: `h2`, for gRPC. */
  readonly protocol?: "h2" | "http/1.1";
  /** How many connections of authenticated peers there may be at once. Default: 4,096. */
  readonly maximumConnections?: number;
  /** How many connections one bot may have at once. Default: 64. */
  readonly connectionsPerPeer?: number;
  /**
   * Identity patterns of gateways. They have a connection for each bot that calls through them, so for them only
   * `maximumConnections` holds. Default: none.
   */
  readonly gateways?: readonly string[];
  /**
   * How many peers without a certificate there may be at once. For one more, the oldest goes that has no request under way,
   * of the source that has the most. Default: 64.
   */
  readonly maximumStrangers?: number;
  /** Whether the bots of a federated trust domain are let in. Default: none are. */
  readonly admitsFederated?: ((domain: FederatedDomain) => boolean) | undefined;
  /** The server that its denials name. Default: none. */
  readonly server?: RefusingServer;
  /** How many connections are cut in 10 ms when a change of the trust ends more. Default: all. */
  readonly cutsAtOnce?: number | undefined;
}

/** Takes the sockets that a listener accepts. */
export interface ListenerEvents {
  /** Takes a peer with an identity of this fleet. */
  onPeer(socket: TLSSocket, connection: Connection): void;
  /** Takes a peer that showed no certificate. Without it, such peers are refused. */
  onStranger?(socket: TLSSocket, stranger: Stranger): void;
}

/** A peer without a certificate, which is let in for its requests. */
export interface Stranger {
  /** Says that a request is under way: the stranger goes last. */
  begin(): void;
  /** Says that a request has been answered. */
  end(): void;
}

/** A TLS port that accepts peers with an identity of this fleet, and strangers only where it has a place for them. */
export interface Listener {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  readonly connections: Connections;
  /** Stops taking new connections. */
  stop(): void;
  /** Stops taking new connections, and resolves once the open ones have ended by themselves. */
  drained(): Promise<void>;
  /** Ends the connections that are left, and resolves once the port is free. */
  close(): Promise<void>;
}

/** Refusals that a wrong clock makes, too. */
const ofTime: ReadonlySet<Reason> = new Set(["CERTIFICATE_EXPIRED", "CERTIFICATE_NOT_YET_VALID"]);

/**
 * Opens a port: TLS 1.3 only, and no session is resumed. The peer's certificate is verified once, before a byte of HTTP/2:
 * its chain, the leaf, then revocation. Each refusal is recorded with its reason.
 *
 * @throws `FAILED_PRECONDITION` when the port is in use or not allowed; `INVALID_ARGUMENT` for one that is none.
 */
export async function createListener(
  options: ListenerOptions,
  { onPeer, onStranger }: ListenerEvents,
): Promise<Listener> {
  const { identity, trust, clock, log, host = "127.0.0.1", protocol = "h2", maximumStrangers = 64 } = options;
  checkPort(options.port);
  const { connectionsPerPeer = defaultConnectionsPerPeer } = options;
  const { maximumConnections = defaultMaximumConnections, gateways = [] } = options;
  const connections = createConnections(trust, clock, options.server, options.cutsAtOnce);
  const sockets = new Set<TLSSocket>();
  const strangers = createPlaces<StrangerSocket>(maximumStrangers, ({ requests }) => requests === 0);
  const perPeer = new Map<string, number>();
  const perDomain = new Map<string, number>(); // Of federated trust domains only.
  const connectionsPerDomain = Math.ceil(maximumConnections / 4);
  const connectionsOfDomains = Math.ceil(maximumConnections / 2);
  let peers = 0;
  let closed: Promise<void> | undefined;

  const verifications = createTurnstile(verifiedPerTurn);
  const server = createTlsServer(
    {
      ...contextOf(identity.current(), options),
      ALPNProtocols: [protocol],
      requestCert: true,
      // Where strangers may enroll, a missing certificate must not end the handshake; all else is refused below.
      rejectUnauthorized: onStranger === undefined,
    },
    accept,
  );
  keepPeerChains(server);
  const gate = createAcceptGate({ clock, begin: (socket) => server.emit("connection", socket), refused: refuse });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    // When TLS did not accept a certificate, the socket has the reason; the error only reports a hang-up.
    const found = (socket.authorizationError as unknown as string | undefined) ?? error.code ?? "";
    const { address, reason } = gate.failed(socket);
    refuse(reason ?? refusalOf(found), address, error.message);
  });
  const port = createServer({ noDelay: true }, gate.enter);
  // The gate and the bounds below come first; this one holds if they fail.
  port.maxConnections = maximumConnections + maximumHandshakes + maximumStrangers;
  port.on("drop", (data) => refuse("CONNECTION_LIMIT", `${data?.remoteAddress}:${data?.remotePort}`));

  function accept(secured: TLSSocket): void {
    const socket = withoutConversion(secured);
    gate.passed(socket);
    if (addressOf(socket) === "") return void socket.destroy(); // The peer has gone already.
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy()); // A reset after the handshake needs no record.
    verifications(socket, () => verify(socket));
  }

  function verify(socket: TLSSocket): void {
    if (closed) return void socket.destroy(); // The server drains what it has, and this one is not among that.
    const address = addressOf(socket);
    const peer = readPeer(socket, trust, clock, options.admitsFederated);
    if (typeof peer !== "string" && !takesPlace(peer.id, socket)) {
      refuse("CONNECTION_LIMIT", address, `${perPeer.get(peer.id.uri) ?? 0} of its own, ${peers} in all`, peer.id.uri);
      socket.destroy();
    } else if (typeof peer !== "string") {
      const connection = createConnection(socket, peer);
      connections.add(connection, socket);
      onPeer(socket, connection);
    } else if (peer === "NO_CERTIFICATE" && onStranger) {
      acceptStranger(socket, onStranger);
    } else {
      refuse(peer, address);
      gate.blame(socket);
      socket.destroy();
    }
  }

  /**
   * Counts a connection of a peer until it closes. False where the peer has as many as allowed, or its trust domain, if that is a
   * federated one: such a domain names as many bots as it likes, and is left a quarter of all connections; all of them together, a half.
   */
  function takesPlace({ uri: peer, name, trustDomain }: SpiffeId, socket: TLSSocket): boolean {
    const open = perPeer.get(peer) ?? 0;
    const isGateway = () => gateways.some((pattern) => matchesIdentity(pattern, name));
    if ((open >= connectionsPerPeer && !isGateway()) || peers >= maximumConnections) return false;
    const isFederated = isFederatedName(name);
    if (isFederated && !hasRoom(trustDomain)) return false;
    add(perPeer, peer, 1);
    if (isFederated) add(perDomain, trustDomain, 1);
    peers++;
    socket.once("close", () => {
      peers--;
      add(perPeer, peer, -1);
      if (isFederated) add(perDomain, trustDomain, -1);
    });
    return true;
  }

  function hasRoom(trustDomain: string): boolean {
    if ((perDomain.get(trustDomain) ?? 0) >= connectionsPerDomain) return false;
    return [...perDomain.values()].reduce((sum, open) => sum + open, 0) < connectionsOfDomains;
  }

  function acceptStranger(socket: TLSSocket, take: NonNullable<ListenerEvents["onStranger"]>): void {
    const stranger: StrangerSocket = { socket, requests: 0 };
    const evicted = strangers.add(stranger, sourceOf(socket.remoteAddress ?? ""));
    if (evicted) {
      refuse("CONNECTION_LIMIT", addressOf(evicted.socket));
      evicted.socket.destroy();
    }
    const idle = setTimeout(() => socket.destroy(), strangerIdleMs).unref();
    socket.once("close", () => {
      clearTimeout(idle);
      strangers.remove(stranger);
    });
    take(socket, {
      begin() {
        clearTimeout(idle);
        stranger.requests++;
      },
      end() {
        stranger.requests--;
      },
    });
  }

  function refuse(reason: Reason, address: string, detail = "", caller = ""): void {
    const at = clock.now();
    const told = ofTime.has(reason) ? `the clock of this machine says ${new Date(at).toISOString()}` : detail;
    options.recorder.denied({ at, reason, method: "", caller, address, detail: told });
  }

  const unsubscribe = [
    identity.onChange((next) => server.setSecureContext(contextOf(next, options))),
    trust.onChange(({ caChanged, federatedChanged }) => {
      if (caChanged || (federatedChanged && options.admitsFederated))
        server.setSecureContext(contextOf(identity.current(), options));
    }),
    connections.close,
  ];
  function unsubscribeAll(): void {
    for (const end of unsubscribe) end();
  }

  await listen(port, options.port, host).catch((error: NodeJS.ErrnoException) => {
    unsubscribeAll();
    const problem =
      error.code === "EADDRINUSE"
        ? `Port ${options.port} is already in use on ${host}: choose another port.`
        : `The server cannot listen on ${host}:${options.port} (${error.code}): ${
            error.code === "EACCES" ? "choose a port above 1023" : "give an address of this machine as host"
          }.`;
    throw new InterlockError("FAILED_PRECONDITION", problem, { cause: error });
  });
  port.on("error", (error) => log.error("server socket failed", { error: String(error) }));
  const { port: number } = port.address() as AddressInfo;
  function stop(): void {
    closed ??= new Promise((resolve) => port.close(() => resolve()));
  }
  return {
    port: number,
    address: isIPv6(host) ? `[${host}]:${number}` : `${host}:${number}`,
    connections,
    stop,
    async drained() {
      stop();
      gate.end(); // Their peers are unknown, so there is no reason to wait for them.
      await closed;
    },
    async close() {
      unsubscribeAll();
      stop();
      gate.end();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface StrangerSocket {
  readonly socket: TLSSocket;
  /** How many requests are under way. */
  requests: number;
}

/** Adds to a count, of which zero is not kept. */
function add(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next > 0) counts.set(key, next);
  else counts.delete(key);
}

function contextOf(identity: ServerKeyPair, { trust: { state }, protocol, admitsFederated }: ListenerOptions) {
  // TLS lets in each certificate that one of these CAs has signed; `verifyPeer` decides which CA is believed for which trust domain.
  const admitted = admitsFederated ? (state.federated ?? []).filter(admitsFederated) : [];
  const foreign = admitted.flatMap(({ caCertificates }) => caCertificates);
  const context = tlsContext(identity, [...state.caCertificates, ...foreign]);
  if (protocol === "http/1.1") return context;
  // The chain includes the roots: a bot that joins looks there for the CA that its join token pins.
  return { ...context, cert: context.cert + certificatesToPem(state.caCertificates) };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
