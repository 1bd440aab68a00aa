import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Connection, createListener, type ListenerOptions } from "@interlock/bot/internal";

/** A function that answers one request. `peer` is the connection of a client with a certificate. */
export type HttpHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  peer: Connection | undefined,
) => Promise<void>;

/** The options of an HTTPS server. */
export interface HttpServerOptions extends ListenerOptions {
  /** How long a request with its answer may take, in milliseconds. Default: 15,000. */
  readonly requestTimeoutMs?: number;
}

/** A running HTTPS server. */
export interface HttpServer {
  readonly port: number;
  /** Accepts no new requests, waits at most 2 s for those under way, then closes. */
  close(): Promise<void>;
}

/** The state of a socket. */
interface Place {
  readonly peer: Connection | undefined;
  /** Restarts the time limit for another request. */
  extend(): void;
}

const graceMs = 2_000;

/**
 * Creates an HTTP/1.1 server over the same TLS listener as gRPC: a client's certificate is verified in the same way,
 * and a revoked client loses its connection. Clients without a certificate may connect; routes that need one refuse
 * them.
 */
export async function createHttpServer(options: HttpServerOptions, handle: HttpHandler): Promise<HttpServer> {
  const { requestTimeoutMs = 15_000 } = options;
  const places = new WeakMap<Socket, Place>();
  const underWay = new Set<Promise<void>>();
  const http = createServer({ maxHeaderSize: 8_192, keepAliveTimeout: 5_000 }, (request, response) => {
    const { peer, extend } = places.get(request.socket) as Place;
    response.once("finish", extend);
    const answering = handle(request, response, peer).finally(() => underWay.delete(answering));
    underWay.add(answering);
  });
  http.on("clientError", (_error, socket) => socket.destroy());

  // Node limits the time of requests only on sockets that it accepted itself, and these come from the listener.
  function serve(socket: TLSSocket, peer?: Connection): void {
    let deadline: NodeJS.Timeout | undefined;
    function extend(): void {
      clearTimeout(deadline);
      deadline = setTimeout(() => socket.destroy(), requestTimeoutMs).unref();
    }
    extend();
    socket.once("close", () => clearTimeout(deadline));
    places.set(socket, { peer, extend });
    http.emit("connection", socket);
  }

  const listener = await createListener(
    { ...options, protocol: "http/1.1" },
    { onPeer: serve, onStranger: (socket) => serve(socket) },
  );
  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    listener.stop();
    const forced = setTimeout(() => void listener.close(), graceMs);
    await Promise.all(underWay);
    clearTimeout(forced);
    await listener.close();
  }
  return { port: listener.port, close: () => (closing ??= close()) };
}
