import { constants } from "node:crypto";
import { type AddressInfo, isIPv6 } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { denial } from "../error.js";
import { type Certificate, parseCertificate } from "../identity/certificate.js";
import { checkCertificate } from "../identity/check-certificate.js";
import type { Identity } from "../identity/identity.js";
import { certificatesToPem } from "../identity/pem.js";
import type { Reason } from "../reason.js";
import { addressOf, type Connection, createConnection } from "./connection.js";
import type { ServerOptions } from "./options.js";
import { refusalOf } from "./refusal.js";

const handshakeTimeoutMs = 10_000;
const maximumConnections = 4_096;

/** What becomes of the sockets that come in. */
export interface ListenerEvents {
  /** A peer with an identity of this fleet. */
  onPeer(socket: TLSSocket, connection: Connection): void;
  /** A peer that showed no certificate; refused where this is absent. */
  onStranger?(socket: TLSSocket): void;
}

/** A TLS port that lets nobody through without an identity. */
export interface Listener {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** By `host:port` of the peer. */
  readonly connections: ReadonlyMap<string, Connection>;
  /** Takes no new connections. */
  stop(): void;
  /** Ends the connections that are left, and resolves once the port is free. */
  close(): Promise<void>;
}

/**
 * Opens the port. TLS 1.3 only, no session is resumed, and the peer's certificate is read once, before a byte of
 * HTTP/2: its chain by TLS, the leaf by `checkCertificate`, then revocation. Each refusal is recorded with its reason.
 */
export async function createListener(options: ServerOptions, { onPeer, onStranger }: ListenerEvents): Promise<Listener> {
  const { identity, trust, clock, host = "127.0.0.1" } = options;
  const connections = new Map<string, Connection>();
  const sockets = new Set<TLSSocket>();

  const server = createServer(
    {
      ...contextOf(identity.current(), options),
      ALPNProtocols: ["h2"],
      requestCert: true,
      // Where strangers may enrol, a missing certificate is no alert; everything else is refused below all the same.
      rejectUnauthorized: onStranger === undefined,
      handshakeTimeout: handshakeTimeoutMs,
      // A resumed session would skip the certificate, which may have expired or been revoked meanwhile.
      secureOptions: constants.SSL_OP_NO_TICKET,
      sessionTimeout: 1,
    },
    accept,
  );
  server.maxConnections = maximumConnections;
  server.on("drop", (data) => refuse("CONNECTION_LIMIT", `${data?.remoteAddress}:${data?.remotePort}`));
  server.on("tlsClientError", (error, socket) => refuse(refusalOf(error), addressOf(socket), error.message));

  function accept(socket: TLSSocket): void {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy()); // A reset after the handshake is no news.
    const address = addressOf(socket);
    const der = socket.getPeerX509Certificate()?.raw;
    if (!der && onStranger) return onStranger(socket);
    const found = der && socket.authorized ? readPeer(der) : refusalOf({ code: String(socket.authorizationError) } as never);
    if (typeof found === "string") {
      refuse(der ? found : "NO_CERTIFICATE", address);
      return void socket.destroy();
    }
    const connection = createConnection(socket, found.id, found.certificate);
    connections.set(address, connection);
    const expiry = setTimeout(
      () => connection.cut(denial("CERTIFICATE_EXPIRED")),
      Math.min(found.certificate.notAfter - clock.now(), 2 ** 31 - 1),
    ).unref();
    socket.on("close", () => {
      clearTimeout(expiry);
      if (connections.get(address) === connection) connections.delete(address);
    });
    onPeer(socket, connection);
  }

  function readPeer(der: Uint8Array): Reason | { id: Connection["peer"]; certificate: Certificate } {
    let certificate: Certificate;
    try {
      certificate = parseCertificate(der);
    } catch {
      return "CERTIFICATE_MALFORMED";
    }
    const { trustDomain } = trust.state;
    const id = checkCertificate(certificate, { peer: "client", trustDomain, now: clock.now() });
    if (typeof id === "string") return id;
    return trust.peerRevoked(id.uri, certificate) ?? { id, certificate };
  }

  function refuse(reason: Reason, address: string, detail = ""): void {
    options.recorder.denied({ at: clock.now(), reason, method: "", caller: "", address, detail });
  }

  const unsubscribe = [
    identity.onChange((next) => server.setSecureContext(contextOf(next, options))),
    trust.onChange(({ caChanged, revoked }) => {
      if (caChanged) server.setSecureContext(contextOf(identity.current(), options));
      if (revoked.length > 0) cutRevoked();
    }),
  ];

  function cutRevoked(): void {
    for (const connection of connections.values()) {
      const reason = trust.peerRevoked(connection.peer.uri, connection.certificate);
      if (reason) connection.cut(denial(reason));
      else endRevokedCalls(connection);
    }
  }

  function endRevokedCalls({ calls }: Connection): void {
    for (const call of [...calls]) {
      if (call.bearer && trust.tokenRevoked(call.bearer.token.jti)) call.end(denial("TOKEN_REVOKED"));
    }
  }

  await listen(server, options.port, host);
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
    async close() {
      for (const end of unsubscribe) end();
      stop();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function contextOf(identity: Identity, { trust }: ServerOptions) {
  const ca = certificatesToPem(trust.state.caCertificates);
  return {
    key: identity.privateKey,
    // The roots go along: one who joins finds there the CA that its join token pins.
    cert: certificatesToPem(identity.chain) + ca,
    ca,
    minVersion: "TLSv1.3",
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
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
