import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "@interlock/bot";
import { createUnpacker, type HttpPort, type RunnableMethod, type TranslatedPeer } from "@interlock/bot/internal";
import type { MethodForms } from "./forms.js";
import { createPace } from "./paced-forms.js";
import { type CallableMethod, readRequest } from "./read-request.js";
import { TranslatedCall } from "./translated-call.js";
import { defaultUnreadMs } from "./write-content.js";

/** What a Connect port works with. */
export interface ConnectPortOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host?: string | undefined;
  readonly clock: Clock;
  /** How long a caller may read nothing of an answer, in milliseconds. Default: 30,000. */
  readonly unreadMs?: number;
  /** Finds a method by its path. */
  find(path: string): { readonly served: RunnableMethod; readonly forms: MethodForms | undefined } | undefined;
}

/** How long a connection may be without a request, and a request may take to begin, in milliseconds. */
const idleMs = 30_000;
/** After how long a silent connection is asked by TCP whether it is there, in milliseconds. */
const keepaliveMs = 30_000;
/** The longest head of a request, in bytes: the message of a GET is in it. */
const maximumHeadBytes = 32_768;

/** How many requests that come before their time are left unanswered; one more ends their connection at once. */
const maximumSurplus = 16;

/** A connection, and its request that is under way. */
interface Place {
  /** The SPIFFE ID of its peer. */
  readonly bot: string;
  readonly calls: TranslatedPeer;
  /** The request that is being answered. */
  current: { readonly response: ServerResponse; readonly call: TranslatedCall } | undefined;
  /** Begins the next one, which has come while the last of an answer was on its way out. */
  next: (() => void) | undefined;
  /** Whether the connection ends with the requests that have begun. */
  isLast: boolean;
  surplus: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Makes a port for the Connect protocol over HTTP/1.1: unary and server-streaming calls in JSON and proto. What comes of a request is a
 * call as any other, which the same server admits, counts and passes on.
 */
export function createConnectPort({
  port,
  host,
  clock,
  unreadMs = defaultUnreadMs,
  find,
}: ConnectPortOptions): HttpPort {
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
    response.on("error", () => {}); // Its connection has gone, which `close` says.
    const { current } = place;
    if (!current) begin(place, request, response);
    else if (current.response.writableEnded && !place.next) place.next = () => begin(place, request, response);
    else refuse(place, request, current.response);
  }

  function begin(place: Place, request: IncomingMessage, response: ServerResponse): void {
    clearTimeout(place.idle);
    if (isDraining || place.isLast) response.shouldKeepAlive = false;
    const form = readRequest(request, (path) => callable(path, place.bot));
    const call = new TranslatedCall(request, response, form, unreadMs);
    place.current = { response, call };
    response.once("close", () => {
      place.current = undefined;
      rest(request.socket, place);
    });
    call.begin(place.calls, unpack, now);
  }

  /**
   * Leaves a request unanswered that has come before the one ahead of it was answered, and ends the connection with that one: a client
   * repeats it on another connection then (RFC 9112, section 9.3.2). Were it begun, nobody would say when its caller has gone.
   */
  function refuse(place: Place, request: IncomingMessage, ahead: ServerResponse): void {
    place.isLast = true;
    if (!ahead.headersSent) ahead.shouldKeepAlive = false;
    request.resume();
    if (++place.surplus > maximumSurplus) request.socket.destroy();
  }

  function callable(path: string, bot: string): CallableMethod | undefined {
    const found = find(path);
    return found && { served: found.served, forms: found.forms && pace(bot, found.forms) };
  }

  /**
   * Where nothing is under way on a connection: begins the next request, or ends the connection, at once where the port closes, otherwise
   * after a while.
   */
  function rest(socket: Socket, place: Place): void {
    clearTimeout(place.idle);
    const { current, next } = place;
    if (current || socket.destroyed) return;
    place.next = undefined;
    if (next && socket.writable) {
      next();
      return;
    }
    if (isDraining || place.isLast) socket.end();
    place.idle = setTimeout(() => socket.destroy(), idleMs).unref();
  }

  return {
    port,
    ...(host !== undefined && { host }),
    onPeer(socket, { peer }, calls) {
      const place: Place = {
        bot: peer.uri,
        calls,
        current: undefined,
        next: undefined,
        isLast: false,
        surplus: 0,
        idle: undefined,
      };
      places.set(socket, place);
      socket.setKeepAlive(true, keepaliveMs);
      socket.once("close", () => {
        clearTimeout(place.idle);
        places.delete(socket);
        place.next = undefined;
        place.current?.call.leave();
      });
      rest(socket, place);
      // Node watches over the requests of sockets that it has accepted itself; this one it is handed.
      http.emit("connection", socket);
    },
    drain() {
      isDraining = true;
      for (const [socket, place] of places) {
        const response = place.current?.response;
        if (response && !response.headersSent) response.shouldKeepAlive = false;
        rest(socket, place);
      }
    },
  };
}
