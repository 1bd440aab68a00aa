import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Connection, createListener, type ListenerOptions, type Stranger } from "@interlock/bot/internal";

/** Answers one request; `peer` is the connection of a client that has shown a certificate. */
export type HttpHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  peer: Connection | undefined,
) => Promise<void>;

/** What an HTTPS server stands on. */
export interface HttpServerOptions extends ListenerOptions {
  /** How long a connection may take for a request, its answer included, in milliseconds: 15 s unless said. */
  readonly requestTimeoutMs?: number;
}

/** A running HTTPS server. */
export interface HttpServer {
  readonly port: number;
  /** Takes no new requests, lets those under way finish for at most 2 s, then closes. */
  close(): Promise<void>;
}

/** A socket that requests come over. */
interface Place {
  readonly peer: Connection | undefined;
  readonly stranger: Stranger | undefined;
  /** Gives it time for another request. */
  extend(): void;
}

const graceMs = 2_000;

/**
 * HTTP/1.1 over the same TLS port as gRPC has: the same checks of a client's certificate, and a client that is locked loses
 * its connection. A client without one is let in; what needs one says so.
 */
export async function createHttpServer(options: HttpServerOptions, handle: HttpHandler): Promise<HttpServer> {
  const { requestTimeoutMs = 15_000 } = options;
  const places = new WeakMap<Socket, Place>();
  const underWay = new Set<Promise<void>>();
  const http = createServer({ maxHeaderSize: 8_192, keepAliveTimeout: 5_000 }, (request, response) => {
    const { peer, stranger, extend } = places.get(request.socket) as Place;
    response.once("finish", extend);
    stranger?.begin();
    response.once("close", () => stranger?.end());
    const answering = handle(request, response, peer).finally(() => underWay.delete(answering));
    underWay.add(answering);
  });
  http.on("clientError", (_error, socket) => socket.destroy());

  // Node watches over the requests of sockets that it has accepted itself; these it is handed.
  function serve(socket: TLSSocket, peer: Connection | undefined, stranger?: Stranger): void {
    let deadline: NodeJS.Timeout | undefined;
    function extend(): void {
      clearTimeout(deadline);
      deadline = setTimeout(() => socket.destroy(), requestTimeoutMs).unref();
    }
    extend();
    socket.once("close", () => clearTimeout(deadline));
    places.set(socket, { peer, stranger, extend });
    http.emit("connection", socket);
  }

  const listener = await createListener(
    { ...options, protocol: "http/1.1" },
    { onPeer: serve, onStranger: (socket, stranger) => serve(socket, undefined, stranger) },
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
