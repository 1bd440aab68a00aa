import { type AddressInfo, isIPv6 } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { addressOf, type Connection, createConnection } from "../admission/connection.js";
import { type Connections, createConnections } from "../admission/connections.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Reason } from "../base/reason.js";
import type { Recorder } from "../base/recorder.js";
import type { Unsubscribe } from "../base/subscription.js";
import type { Identity } from "../identity/identity.js";
import { keepPeerChains } from "../identity/peer-chain.js";
import { certificatesToPem } from "../identity/pem.js";
import { tlsContext } from "../identity/tls-context.js";
import type { Trust } from "../trust/trust.js";
import { watchHandshakes } from "./handshakes.js";
import { readPeer } from "./read-peer.js";
import { refusalOf } from "./refusal.js";

const handshakeTimeoutMs = 10_000;
const maximumConnectionsUnlessSaid = 4_096;
// A client has one to a server for each service it calls, and for a while another after a renewal.
const connectionsPerPeerUnlessSaid = 64;

/** What a port shows of itself: a chain, DER, the leaf first, and its key (PKCS #8, PEM). */
export type ServerKeyPair = Pick<Identity, "chain" | "privateKey">;

/** What a TLS port stands on. */
export interface ListenerOptions {
  readonly identity: {
    current(): ServerKeyPair;
    onChange(listener: (next: ServerKeyPair) => void): Unsubscribe;
  };
  readonly trust: Trust;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly clock: Clock;
  /** Where to listen; `127.0.0.1` unless said, port 0 for any free one. */
  readonly host?: string;
  readonly port: number;
  /** What is spoken over TLS; gRPC's `h2` unless said. */
  readonly protocol?: "h2" | "http/1.1";
  /** How many connections there may be at once; 4,096 unless said. */
  readonly maximumConnections?: number;
  /** How many connections one bot may have at once; 64 unless said. */
  readonly connectionsPerPeer?: number;
  /** How many peers without a certificate there may be at once, so that they cannot take the places of the others; 64 unless said. */
  readonly maximumStrangers?: number;
}

/** What becomes of the sockets that come in. */
export interface ListenerEvents {
  /** A peer with an identity of this fleet. */
  onPeer(socket: TLSSocket, connection: Connection): void;
  /** A peer that showed no certificate; refused where this is absent. */
  onStranger?(socket: TLSSocket): void;
}

/** A TLS port that lets nobody through without an identity, unless it has a place for strangers. */
export interface Listener {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  readonly connections: Connections;
  /** Takes no new connections. */
  stop(): void;
  /** Resolves once the connections that there are have ended by themselves. */
  drained(): Promise<void>;
  /** Ends the connections that are left, and resolves once the port is free. */
  close(): Promise<void>;
}

/**
 * Opens the port. TLS 1.3 only, no session is resumed, and the peer's certificate is read once, before a byte of
 * HTTP/2: its chain by TLS, the leaf by `checkCertificate`, then revocation. Each refusal is recorded with its reason.
 */
export async function createListener(
  options: ListenerOptions,
  { onPeer, onStranger }: ListenerEvents,
): Promise<Listener> {
  const { identity, trust, clock, log, host = "127.0.0.1", protocol = "h2", maximumStrangers = 64 } = options;
  const { connectionsPerPeer = connectionsPerPeerUnlessSaid } = options;
  const { maximumConnections = maximumConnectionsUnlessSaid } = options;
  const connections = createConnections(trust, clock);
  const sockets = new Set<TLSSocket>();
  const strangers = new Set<TLSSocket>();
  const perPeer = new Map<string, number>();

  const server = createServer(
    {
      ...contextOf(identity.current(), options),
      ALPNProtocols: [protocol],
      requestCert: true,
      // Where strangers may enroll, a missing certificate is no alert; everything else is refused below all the same.
      rejectUnauthorized: onStranger === undefined,
    },
    accept,
  );
  keepPeerChains(server);
  server.maxConnections = maximumConnections;
  server.on("drop", (data) => refuse("CONNECTION_LIMIT", `${data?.remoteAddress}:${data?.remotePort}`));
  const handshakes = watchHandshakes(server, handshakeTimeoutMs);
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    // A certificate that TLS did not accept is told by the socket; the error speaks of a hang-up.
    const found = (socket.authorizationError as unknown as string | undefined) ?? error.code ?? "";
    const { address, late } = handshakes.failed(socket);
    refuse(late ? "HANDSHAKE_TIMEOUT" : refusalOf(found), address, error.message);
  });

  function accept(socket: TLSSocket): void {
    const address = addressOf(socket);
    if (address === "") return void socket.destroy(); // It has gone already.
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy()); // A reset after the handshake is no news.
    const peer = readPeer(socket, trust, clock);
    if (typeof peer !== "string" && !takesPlace(peer.id.uri, socket)) {
      refuse("CONNECTION_LIMIT", address, `it has ${connectionsPerPeer} connections already`, peer.id.uri);
      socket.destroy();
    } else if (typeof peer !== "string") {
      const connection = createConnection(socket, peer);
      connections.add(connection, socket);
      onPeer(socket, connection);
    } else if (peer === "NO_CERTIFICATE" && onStranger) {
      acceptStranger(socket, onStranger);
    } else {
      refuse(peer, address);
      socket.destroy();
    }
  }

  /** Counts a connection of a peer until it closes. False where the peer has as many as it may. */
  function takesPlace(peer: string, socket: TLSSocket): boolean {
    const open = perPeer.get(peer) ?? 0;
    if (open >= connectionsPerPeer) return false;
    perPeer.set(peer, open + 1);
    socket.once("close", () => {
      const left = (perPeer.get(peer) ?? 1) - 1;
      if (left > 0) perPeer.set(peer, left);
      else perPeer.delete(peer);
    });
    return true;
  }

  function acceptStranger(socket: TLSSocket, welcome: (socket: TLSSocket) => void): void {
    if (strangers.size >= maximumStrangers) {
      refuse("CONNECTION_LIMIT", addressOf(socket));
      return void socket.destroy();
    }
    strangers.add(socket);
    socket.on("close", () => strangers.delete(socket));
    welcome(socket);
  }

  function refuse(reason: Reason, address: string, detail = "", caller = ""): void {
    options.recorder.denied({ at: clock.now(), reason, method: "", caller, address, detail });
  }

  const unsubscribe = [
    identity.onChange((next) => server.setSecureContext(contextOf(next, options))),
    trust.onChange(({ caChanged }) => {
      if (caChanged) server.setSecureContext(contextOf(identity.current(), options));
    }),
    connections.close,
  ];
  function leave(): void {
    for (const end of unsubscribe) end();
  }

  await listen(server, options.port, host).catch((error: NodeJS.ErrnoException) => {
    leave();
    const taken = error.code === "EADDRINUSE" ? ": something else listens there; choose another port" : "";
    const problem = `${host}:${options.port} cannot be listened on${taken || ` (${error.code})`}.`;
    throw new InterlockError("FAILED_PRECONDITION", problem, { cause: error });
  });
  server.on("error", (error) => log.error("server socket failed", { error: String(error) }));
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  function stop(): void {
    closed ??= new Promise((resolve) => server.close(() => resolve()));
  }
  return {
    port,
    address: isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`,
    connections,
    stop,
    async drained() {
      stop();
      handshakes.end(); // Nobody knows who they are, so nobody waits for them.
      await closed;
    },
    async close() {
      leave();
      stop();
      handshakes.end();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function contextOf(identity: ServerKeyPair, { trust: { state }, protocol }: ListenerOptions) {
  const context = tlsContext(identity, state.caCertificates);
  if (protocol === "http/1.1") return context;
  // The roots go along: one who joins finds there the CA that its join token pins.
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
