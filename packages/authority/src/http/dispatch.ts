import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, InterlockError, type Log } from "@interlock/bot";
import { addressOf, type Connection, createRateLimiter, denial, type Recorder } from "@interlock/bot/internal";
import { refuseLimited } from "../refuse-limited.js";
import type { HttpHandler } from "./http-server.js";
import { errorAnswer } from "./oauth-error.js";
import { readForm } from "./read-form.js";
import { hasSoundHost, pathOf } from "./request-target.js";
import type { HttpAnswer, Route } from "./route.js";

/** What the dispatcher works with. */
export interface DispatchOptions {
  readonly routes: readonly Route[];
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
}

/** The request rate of one client: a bot, or an address without a certificate. */
const rate = { perSecond: 20, burst: 100 };

/** Creates the handler that routes requests and answers them. It records every refusal with its reason. */
export function createDispatch({ routes, recorder, clock, log }: DispatchOptions): HttpHandler {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  const limiter = createRateLimiter(rate);

  async function answer(request: IncomingMessage, peer: Connection | undefined): Promise<HttpAnswer> {
    const now = clock.now();
    const { remoteAddress = "" } = request.socket;
    refuseLimited(await limiter.take(peer?.peer.uri ?? remoteAddress, now));
    if (!hasSoundHost(request)) {
      return { status: 400, headers: { connection: "close" }, body: { error: "invalid_request" } };
    }
    const route = byPath.get(pathOf(request));
    if (!route) return { status: 404, body: { error: "not_found" } };
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (method !== route.method) return { status: 405, headers: { allow: route.method } };
    // POST needs a certificate. Without one, the body is not read.
    if (route.method === "POST" && !peer) throw denial("NO_CERTIFICATE", "connect with a certificate of this fleet");
    const form = route.method === "POST" ? await readForm(request) : new Map<string, readonly string[]>();
    const answered = await route.handle({ peer, form, now });
    if (peer) recorder.admitted(methodOf(route.path), peer.peer.uri, now);
    return answered;
  }

  function refuse(request: IncomingMessage, peer: Connection | undefined, thrown: unknown): HttpAnswer {
    const error = InterlockError.from(thrown);
    const { code, reason = code, message: detail } = error;
    const path = pathOf(request);
    if (code === "INTERNAL") log.error("request failed", { path, error: detail });
    const method = byPath.has(path) ? methodOf(path) : "…";
    const caller = peer?.peer.uri ?? "";
    recorder.denied({ at: clock.now(), reason, method, caller, address: addressOf(request.socket), detail });
    return errorAnswer(error);
  }

  return async function dispatch(request, response, peer) {
    const answered = await answer(request, peer).catch((thrown) => refuse(request, peer, thrown));
    send(request, response, answered);
  };
}

/** Returns the method's name in the records: `/service/method`. */
function methodOf(path: string): string {
  return `/oauth${path}`;
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers = {}, body }: HttpAnswer): void {
  const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
  // The unread rest of a request would be parsed as the beginning of the next one.
  if (!request.complete) response.setHeader("connection", "close");
  response.writeHead(status, {
    ...(body !== undefined && { "content-type": "application/json" }),
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(request.method === "HEAD" ? "" : text);
}
