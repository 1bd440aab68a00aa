import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "@interlock/bot";
import { createUnpacker, type HttpPort, type RunnableMethod, type TranslatedPeer } from "@interlock/bot/internal";
import type { MethodForms } from "./forms.js";
import { createPace } from "./paced-forms.js";
import { type CallableMethod, readRequest } from "./read-request.js";
import { TranslatedCall } from "./translated-call.js";

/** What a Connect port works with. */
export interface ConnectPortOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host?: string | undefined;
  readonly clock: Clock;
  /** Finds a method by its path. */
  find(path: string): { readonly served: RunnableMethod; readonly forms: MethodForms | undefined } | undefined;
}

/** How long a connection may be without a request, and a request may take to begin, in milliseconds. */
const idleMs = 30_000;
/** After how long a silent connection is asked by TCP whether it is there, in milliseconds. */
const keepaliveMs = 30_000;
/** The longest head of a request, in bytes: the message of a GET is in it. */
const maximumHeadBytes = 32_768;

/** A connection, and what answers its requests that are under way. */
interface Place {
  /** The SPIFFE ID of its peer. */
  readonly bot: string;
  readonly calls: TranslatedPeer;
  readonly responses: Set<ServerResponse>;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Makes a port for the Connect protocol over HTTP/1.1: unary and server-streaming calls in JSON and proto. What comes of a request is a
 * call as any other, which the same server admits, counts and passes on.
 */
export function createConnectPort({ port, host, clock, find }: ConnectPortOptions): HttpPort {
  const places = new Map<Socket, Place>();
  const unpack = createUnpacker();
  const now = () => clock.now();
  const pace = createPace(now);
  let isDraining = false;

  const http = createServer({ maxHeaderSize: maximumHeadBytes, keepAliveTimeout: idleMs }, answer);
  http.on("checkContinue", answer);

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const place = places.get(socket) as Place;
    clearTimeout(place.idle);
    place.responses.add(response);
    if (isDraining) response.shouldKeepAlive = false;
    response.on("error", () => {}); // Its connection has gone, which `close` says.
    response.once("close", () => {
      place.responses.delete(response);
      rest(socket, place);
    });
    const form = readRequest(request, (path) => callable(path, place.bot));
    new TranslatedCall(request, response, form).begin(place.calls, unpack, now);
  }

  function callable(path: string, bot: string): CallableMethod | undefined {
    const found = find(path);
    return found && { served: found.served, forms: found.forms && pace(bot, found.forms) };
  }

  /** Ends a connection on which nothing is under way: at once where the port closes, otherwise after a while. */
  function rest(socket: Socket, place: Place): void {
    clearTimeout(place.idle);
    if (place.responses.size > 0 || socket.destroyed) return;
    if (isDraining) socket.end();
    else place.idle = setTimeout(() => socket.destroy(), idleMs).unref();
  }

  return {
    port,
    ...(host !== undefined && { host }),
    onPeer(socket, { peer }, calls) {
      const place: Place = { bot: peer.uri, calls, responses: new Set(), idle: undefined };
      places.set(socket, place);
      socket.setKeepAlive(true, keepaliveMs);
      socket.once("close", () => {
        clearTimeout(place.idle);
        places.delete(socket);
      });
      rest(socket, place);
      // Node watches over the requests of sockets that it has accepted itself; this one it is handed.
      http.emit("connection", socket);
    },
    drain() {
      isDraining = true;
      for (const [socket, place] of places) {
        for (const response of place.responses) if (!response.headersSent) response.shouldKeepAlive = false;
        rest(socket, place);
      }
    },
  };
}
