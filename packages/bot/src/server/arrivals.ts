import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { Readable } from "node:stream";
import type { Server } from "@grpc/grpc-js";
import type { Chain } from "../admission/chain.js";
import type { Connection } from "../admission/connection.js";
import { createPeerLoads, type PeerLoad } from "../admission/peer-load.js";
import type { Clock } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import type { Recorder } from "../base/recorder.js";
import { createRoster, type Roster } from "../base/roster.js";
import { isTooLong, readTimeout } from "./grpc-timeout.js";
import { toStatus } from "./live-call.js";
import type { ServedMethod } from "./options.js";
import { type MeterFault, RequestMeter } from "./request-meter.js";
import { SingleRequestMeter } from "./single-request-meter.js";

/** How many calls one bot may have open at once. A server's memory for each is about 15 kilobytes. */
export const defaultCallsPerPeer = 1_024;
/** How many bytes of requests one bot may have under way: eight of the largest messages. */
export const defaultRequestBytesPerPeer = 32 * 1_024 * 1_024;
/** How long the request of a call may take to arrive; where a call has many, how long the next frame of one may take. */
const receiveTimeoutMs = 30_000;
/** How often requests are looked at that take long to arrive. */
const sweepMs = 1_000;

/** What a server needs to look at calls as they arrive. */
export interface ArrivalOptions {
  readonly chain: Pick<Chain, "count">;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** By path. */
  readonly methods: ReadonlyMap<string, ServedMethod>;
  /** The connection of the peer at this address and port. */
  connectionOf(address: string | undefined, port: number | undefined): Connection | undefined;
  readonly callsPerPeer?: number | undefined;
  readonly requestBytesPerPeer?: number | undefined;
}

/** A call that can be refused because of its request. */
export interface Refusable {
  turnAway(error: InterlockError): void;
}

/** A call of a known method, from its headers to the end of its stream. */
export interface Arrival {
  readonly connection: Connection;
  readonly served: ServedMethod;
  /** When its headers arrived, in milliseconds since the epoch. */
  readonly at: number;
  /** Says that a message has been handed to the handler. */
  delivered(): void;
  /** Says that its stream has ended. */
  close(): void;
  /** The call that was made of it, which calls {@link close} at its end. */
  call: Refusable | undefined;
}

/** The streams of a server, before grpc-js sees them. */
export interface Arrivals {
  /** The call that grpc-js is being given now; for its interceptor. */
  current(): Arrival | undefined;
  /** Stops looking at what takes long to arrive. */
  close(): void;
}

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/**
 * Looks at every stream of a server before grpc-js does, which answers unknown paths and other types of content without
 * its interceptors, and keeps whatever arrives of a message. Here every stream counts for its bot, and a bot has a bounded
 * number of calls open, and of bytes under way, over all of its connections.
 *
 * @throws An `Error` when grpc-js keeps its HTTP/2 servers elsewhere than this version knows.
 */
export function watchArrivals(grpc: Server, options: ArrivalOptions): Arrivals {
  const { methods, clock, recorder } = options;
  const { callsPerPeer = defaultCallsPerPeer, requestBytesPerPeer = defaultRequestBytesPerPeer } = options;
  const loads = createPeerLoads();
  const open = createRoster<OpenArrival>();
  let arriving: Arrival | undefined;

  /** The bot on the other end of a session; looked up once. */
  function visitorOf(session: VisitedSession | undefined): Visitor | undefined {
    if (!session) return undefined;
    const known = session[visitorKey];
    if (known) return known;
    const { remoteAddress, remotePort } = session.socket;
    const connection = options.connectionOf(remoteAddress, remotePort);
    if (!connection) return undefined;
    const { uri } = connection.peer;
    const visitor = { connection, load: loads.join(uri) };
    session[visitorKey] = visitor;
    session.once("close", () => loads.leave(uri));
    return visitor;
  }

  function arrive(next: StreamListener, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const visitor = visitorOf(stream.session as VisitedSession | undefined);
    if (!visitor) {
      stream.close(constants.NGHTTP2_CANCEL); // The connection has ended.
      return;
    }
    const { connection, load } = visitor;
    const served = methods.get(headers[":path"] ?? "");
    const timeout = headers["grpc-timeout"] as string | undefined;
    const timeoutMs = timeout === undefined ? 0 : readTimeout(timeout);
    if (!served || !isGrpc(headers) || timeoutMs === undefined) {
      answerStray(stream, headers, connection);
      return;
    }
    if (load.calls >= callsPerPeer) {
      const detail = `one bot may have ${callsPerPeer} at once`;
      answerCounted(stream, connection, denial("CALL_LIMIT", detail), served.method.path);
      return;
    }
    if (isTooLong(timeoutMs)) delete headers["grpc-timeout"];
    const arrival = new OpenArrival(stream, visitor, served, requestBytesPerPeer, clock);
    arrival.place = open.join(arrival);
    arrival.roster = open;
    arrival.readBefore();
    arriving = arrival;
    next(stream, headers);
    arriving = undefined;
    arrival.countBefore();
    if (!arrival.call) stream.on("close", closed); // No call was made of it that would tell.
  }

  /** Answers what is no call of a method. Such a stream counts as a call does. */
  function answerStray(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: Connection): void {
    answerCounted(stream, connection, isGrpc(headers) ? faultOf(headers) : undefined);
  }

  function faultOf(headers: IncomingHttpHeaders): InterlockError {
    return methods.has(headers[":path"] ?? "")
      ? new InterlockError("INTERNAL", "The grpc-timeout is malformed.")
      : new InterlockError("UNIMPLEMENTED", "There is no such method here.");
  }

  /** Answers with `error`, or with 415 where there is none, unless the bot calls too often. */
  function answerCounted(
    stream: ServerHttp2Stream,
    connection: Connection,
    error: InterlockError | undefined,
    path = "",
  ): void {
    const fail = (thrown: unknown) => answer(stream, connection, InterlockError.from(thrown), path);
    try {
      const counted = options.chain.count({ connection, now: clock.now() });
      if (counted) void counted.then(() => answer(stream, connection, error, path), fail);
      else answer(stream, connection, error, path);
    } catch (thrown) {
      fail(thrown);
    }
  }

  function answer(
    stream: ServerHttp2Stream,
    { peer, address }: Connection,
    error: InterlockError | undefined,
    method: string,
  ): void {
    const { reason, message: detail } = error ?? {};
    if (reason) recorder.denied({ at: clock.now(), reason, method, caller: peer.uri, address, detail: detail ?? "" });
    if (stream.destroyed || stream.closed) return;
    stream.on("error", () => {}); // A peer that has gone needs no answer.
    stream.respond(error ? trailersOnly(error) : { ":status": constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE }, {
      endStream: true,
    });
  }

  function sweep(): void {
    const late = clock.now() - receiveTimeoutMs;
    for (const arrival of open) arrival.endIfWaitingSince(late);
  }
  const timer = setInterval(sweep, sweepMs).unref();

  for (const server of http2ServersOf(grpc)) {
    const listeners = server.listeners("stream") as StreamListener[];
    const [next] = listeners;
    if (!next || listeners.length > 1) throw unknownGrpc();
    server.removeAllListeners("stream");
    server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => arrive(next, stream, headers));
  }
  return { current: () => arriving, close: () => clearInterval(timer) };
}

/** A bot on one of its connections. */
interface Visitor {
  readonly connection: Connection;
  readonly load: PeerLoad;
}

const visitorKey = Symbol("visitor");
type VisitedSession = ServerHttp2Session & { [visitorKey]?: Visitor };

type Metered = ServerHttp2Stream & { [arrivalKey]?: OpenArrival | undefined };
const arrivalKey = Symbol("arrival");
const { push } = Readable.prototype;

/** Node hands every frame of a request to `push` as it arrives, whether it is read yet or not. */
function meteredPush(this: Metered, chunk: Uint8Array | null): boolean {
  return this[arrivalKey]?.received(chunk) === false || push.call(this, chunk);
}

function closed(this: Metered): void {
  this[arrivalKey]?.close();
}

class OpenArrival implements Arrival {
  call: Refusable | undefined;
  readonly connection: Connection;
  readonly served: ServedMethod;
  readonly at: number;
  /** Its place among the open calls of the server. */
  place = 0;
  roster: Roster<OpenArrival> | undefined;
  readonly #stream: Metered;
  readonly #load: PeerLoad;
  readonly #clock: Clock;
  /** The meter of a request with one message, or else of one with any number of them. */
  readonly #single: SingleRequestMeter | undefined;
  readonly #many: RequestMeter | undefined;
  /** Since when the rest of a message, or of a request, is waited for. */
  #waitingSince: number | undefined;
  #refused = false;

  constructor(
    stream: Metered,
    { connection, load }: Visitor,
    served: ServedMethod,
    requestBytesPerPeer: number,
    clock: Clock,
  ) {
    const { method, maximumRequestBytes } = served;
    this.connection = connection;
    this.served = served;
    this.at = clock.now();
    this.#stream = stream;
    this.#load = load;
    this.#clock = clock;
    if (method.kind === "clientStreaming" || method.kind === "bidiStreaming") {
      this.#many = new RequestMeter(load, maximumRequestBytes, requestBytesPerPeer);
    } else {
      this.#single = new SingleRequestMeter(load, maximumRequestBytes, requestBytesPerPeer);
      this.#waitingSince = this.at;
    }
    load.calls++;
    stream[arrivalKey] = this;
    stream.push = meteredPush as typeof stream.push;
  }

  /** Looks at the messages that came together with the headers, before the stream was announced. They stay to be read. */
  readBefore(): void {
    if (!this.#many || this.#stream.readableLength === 0) return;
    const early = this.#stream.read() as Uint8Array | null;
    if (early && this.received(early)) this.#stream.unshift(early);
  }

  /** Counts the bytes of a single message that came together with the headers. */
  countBefore(): void {
    const { readableLength } = this.#stream;
    if (this.#single && readableLength > 0) this.#judge(this.#single.received(readableLength));
  }

  delivered(): void {
    if (this.#single) this.#single.close();
    else this.#many?.delivered();
  }

  /** Counts a frame that has arrived, `null` at the end. False where it is not to be kept. */
  received(chunk: Uint8Array | null): boolean {
    if (this.#refused) return false; // Not the end either: it would pass for the end of a whole request.
    if (chunk === null) {
      this.#waitingSince = undefined;
      return true;
    }
    if (this.#single) return this.#judge(this.#single.received(chunk.length));
    const sound = this.#judge(this.#many?.received(chunk));
    if (sound) this.#waitingSince = this.#many?.unfinished ? this.#clock.now() : undefined;
    return sound;
  }

  /** Ends the call where something is wrong with its request. */
  #judge(fault: MeterFault | undefined): boolean {
    if (!fault) return true;
    this.#end(fault, fault === "REQUEST_TOO_LARGE" ? `it may have ${this.served.maximumRequestBytes} bytes here` : "");
    return false;
  }

  /** Ends the call if something of it has been waited for since `late`, in milliseconds since the epoch, or longer. */
  endIfWaitingSince(late: number): void {
    const waits = this.#many?.waitsForPeer ?? true; // And not for a handler that takes its time.
    if (this.#waitingSince !== undefined && this.#waitingSince <= late && waits) this.#end("REQUEST_TOO_SLOW");
  }

  close(): void {
    this.#waitingSince = undefined;
    this.#load.calls--;
    this.#closeMeter();
    this.roster?.leave(this.place);
    this.#stream[arrivalKey] = undefined; // HTTP/2 keeps a stream for longer than it lives; see `roster.ts`.
  }

  #closeMeter(): void {
    this.#single?.close();
    this.#many?.close();
  }

  #end(reason: Reason, detail = ""): void {
    this.#refused = true;
    this.#waitingSince = undefined;
    this.#closeMeter();
    const stream = this.#stream;
    const { headersSent } = stream;
    const error = denial(reason, detail);
    if (this.call) this.call.turnAway(error);
    else setImmediate(() => this.call?.turnAway(error)); // It came with the headers, and the call is made next.
    // Not within `push`: it is called in the middle of a session's reading.
    setImmediate(() => {
      // No client sends like that by mistake, and reading what is there already would take seconds.
      if (reason === "REQUEST_IN_PIECES") {
        this.connection.destroy();
        return;
      }
      if (!headersSent) close();
    });
    // After the status: whatever is still being sent is not waited for.
    function close(): void {
      setImmediate(() => {
        stream.push = push;
        stream.close(constants.NGHTTP2_NO_ERROR);
      });
    }
    if (headersSent) stream.once("wantTrailers", close);
  }
}

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers["content-type"]?.startsWith("application/grpc") ?? false;
}

function trailersOnly(error: InterlockError) {
  const { code, details, metadata } = toStatus(error);
  const answer = { ":status": constants.HTTP_STATUS_OK, "content-type": "application/grpc+proto", "grpc-status": code };
  return { ...answer, "grpc-message": encodeURI(details), ...metadata.toHttp2Headers() };
}

interface Http2Server {
  listeners(event: "stream"): unknown[];
  removeAllListeners(event: "stream"): unknown;
  on(event: "stream", listener: StreamListener): unknown;
}

/** The HTTP/2 servers within a grpc-js server. It is the one private field of grpc-js that is read. */
function http2ServersOf(grpc: Server): readonly Http2Server[] {
  const { http2Servers } = grpc as unknown as { http2Servers?: unknown };
  if (!(http2Servers instanceof Map) || http2Servers.size === 0) throw unknownGrpc();
  return [...http2Servers.keys()];
}

function unknownGrpc(): Error {
  return new Error(
    "This version of @grpc/grpc-js is not known: its streams cannot be counted. Install version 1.14.7.",
  );
}
