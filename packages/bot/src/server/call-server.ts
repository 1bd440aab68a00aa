import type { TLSSocket } from "node:tls";
import { status } from "@grpc/grpc-js";
import {
  createServerConnection,
  type DecodedBlock,
  errorCode,
  type HeaderList,
  type Connection as Http2Connection,
  type StreamHandler,
} from "@interlock/wire";
import { accountOf } from "../admission/account-of.js";
import { chargedTo } from "../admission/charged-to.js";
import type { Connection } from "../admission/connection.js";
import { createPeerLoads, type PeerLoads } from "../admission/peer-load.js";
import { otherMethod } from "../base/call-durations.js";
import { createCallId } from "../base/call-id.js";
import { denial, InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Reason } from "../base/reason.js";
import { createRoster } from "../base/roster.js";
import { type ArrivedCall, beginServedTrace, runInTrace } from "../tracing/served-trace.js";
import { methodNotAllowed, trailersOnlyOf, unsupportedMediaType } from "./answers.js";
import { createApprovedCalls } from "./approved-calls.js";
import type { CallStream } from "./call-stream.js";
import { toStatus } from "./live-call.js";
import { type RequestHead, requestHeadOf } from "./request-head.js";
import { type RunnableMethod, ServedCall, type ServedCallOptions } from "./served-call.js";
import { SingleRequestMeter } from "./single-request-meter.js";
import type { Visitor } from "./visitor.js";

/** How many calls one bot may have open at once. */
export const defaultCallsPerPeer = 1_024;
/** How many bytes of requests one bot may have under way: eight of the largest messages. */
export const defaultRequestBytesPerPeer = 32 * 1_024 * 1_024;
/** How long the request of a call may take to arrive; where a call has many, how long the next frame of one may take. */
const receiveTimeoutMs = 30_000;
/** How often requests are looked at that take long to arrive, and connections that are silent. */
const sweepMs = 1_000;
/** After how long a silent connection is asked whether it is there, and how long it has to answer, in milliseconds. */
const keepalive = { silenceMs: 30_000, answerMs: 10_000 };

/** What calls are served with. */
export interface CallServerOptions
  extends Omit<ServedCallOptions, "open" | "approvedCalls" | "requestBytesPerPeer" | "callerOf" | "tooManyCalls"> {
  /** By path. */
  readonly methods: ReadonlyMap<string, RunnableMethod>;
  /** Finds the methods whose calls are passed on, which may change. Default: none. */
  readonly passing?: ((path: string) => RunnableMethod | undefined) | undefined;
  readonly log: Log;
  readonly callsPerPeer?: number | undefined;
  readonly callsPerConnection?: number | undefined;
  readonly requestBytesPerPeer?: number | undefined;
  /** The account of what bots have under way. Default: one of its own. */
  readonly loads?: PeerLoads;
}

/** A peer whose calls come in another protocol, and are translated. They are admitted, bounded and counted as all others. */
export interface TranslatedPeer {
  /**
   * Begins a call.
   *
   * @param stream - Takes the answer.
   * @param headers - The header list of the request, as gRPC has it.
   * @param served - The method; absent for what is no call, which is counted and answered.
   * @returns What takes the request.
   */
  begin(stream: CallStream, headers: HeaderList, served: RunnableMethod | undefined): StreamHandler;
  /** Measures a request that is held until it can be translated. */
  meter(maximumBytes: number): SingleRequestMeter;
  /** The connection has ended. */
  leave(): void;
}

/** Serves the calls of peers that have been verified. */
export interface CallServer {
  /** Takes the connection of a peer. */
  accept(socket: TLSSocket, connection: Connection): void;
  /** Takes the connection of a peer that speaks another protocol: somebody else translates it, and brings its calls. */
  translate(connection: Connection): TranslatedPeer;
  /** Takes no new calls. A connection ends once its calls have ended. */
  drain(): void;
  /** Stops looking at what takes long. */
  close(): void;
}

/** Makes what serves the calls of peers, over HTTP/2 of our own. */
export function createCallServer(options: CallServerOptions): CallServer {
  const { methods, passing, recorder, clock, chain, trust, log } = options;
  const find = (path: string) => methods.get(path) ?? passing?.(path);
  const { callsPerPeer = defaultCallsPerPeer, requestBytesPerPeer = defaultRequestBytesPerPeer } = options;
  const { callsPerConnection, loads = createPeerLoads() } = options;
  const limits = callsPerConnection === undefined ? undefined : { concurrentStreams: callsPerConnection };
  const open = createRoster<ServedCall>();
  const approvedCalls = createApprovedCalls();
  const ofCalls = { ...options, requestBytesPerPeer, open, approvedCalls, callerOf, tooManyCalls };
  const connections = new Map<Http2Connection, { askedAt: number | undefined }>();

  function accept(socket: TLSSocket, connection: Connection): void {
    const account = accountOf(connection.peer);
    const load = loads.join(account);
    const visitor = { connection, charged: connection.peer, load };
    const http2 = createServerConnection(
      socket,
      {
        onStream: (stream, block, end) => arrive(visitor, stream, block, end),
        onClose({ error }) {
          connections.delete(http2);
          loads.leave(account);
          if (error === undefined) return;
          const peer = connection.peer.uri;
          log.error("a connection ended by a fault of this server", { peer, error: String(error) });
        },
      },
      { limits, turns: load.turns },
    );
    connections.set(http2, { askedAt: undefined });
    // A client takes the end of a connection for a failure and tries again at once, unless it is told that it sends too much. A
    // socket that is destroyed while it has something unread takes with it what the client has not read.
    connection.lastWord = (error) => {
      if (!isFlood(error)) return false;
      http2.goAway(errorCode.enhanceYourCalm);
      return true;
    };
  }

  function translate(connection: Connection): TranslatedPeer {
    const account = accountOf(connection.peer);
    const visitor = { connection, charged: connection.peer, load: loads.join(account) };
    return {
      begin(stream, headers, served) {
        return arrive(visitor, stream, { headers, size: 0, neverIndexed: undefined }, false, () => served);
      },
      meter: (maximumBytes) => new SingleRequestMeter(visitor.load, maximumBytes, requestBytesPerPeer),
      leave: () => loads.leave(account),
    };
  }

  function arrive(
    visitor: Visitor,
    stream: CallStream,
    block: DecodedBlock | undefined,
    end: boolean,
    findServed = find,
  ): StreamHandler {
    const { connection } = visitor;
    if (isFlood(connection.ended)) {
      // One of thousands that are on their way: no more is spent on it than the frames.
      stream.sendHeaders(tooMuch, true, true);
      if (!stream.remoteEnded) stream.reset(errorCode.noError);
      return nobody;
    }
    if (!block) return stray(visitor, stream, new InterlockError("RESOURCE_EXHAUSTED", "The headers are too large."));
    const head = requestHeadOf(block);
    const served = findServed(head.path);
    if (!served || head.method !== "POST" || !head.isGrpc || head.timeoutMs === "malformed") {
      return stray(visitor, stream, head, "", head);
    }
    const caller = callerOf(visitor, head);
    const limited = tooManyCalls(caller);
    if (limited) {
      caller.leave?.();
      return stray(visitor, stream, limited, served.method.path, head);
    }
    const call = new ServedCall(stream, head, served, caller, ofCalls);
    stream.handler = call;
    call.start(end);
    return call;
  }

  /** The bot that a call counts for: the visitor, or the one in whose name it calls. */
  function callerOf(visitor: Visitor, { authorization, references }: RequestHead): Visitor {
    const { connection } = visitor;
    const charged = chargedTo({ connection, authorization, references, now: clock.now() }, trust);
    if (charged.uri === visitor.charged.uri) return visitor;
    const account = accountOf(charged);
    return { connection, charged, load: loads.join(account), leave: () => loads.leave(account) };
  }

  function tooManyCalls({ load }: Visitor): InterlockError | undefined {
    return load.calls < callsPerPeer ? undefined : denial("CALL_LIMIT", `one bot may have ${callsPerPeer} at once`);
  }

  /** Answers what is no call of a method, unless the bot calls too often. Such a stream counts as a call does. */
  function stray(
    { connection }: Visitor,
    stream: CallStream,
    what: RequestHead | InterlockError,
    path = "",
    head?: RequestHead,
  ): StreamHandler {
    const arrivedAt = performance.now();
    const { peer, address } = connection;
    const call = {
      path: path || `/${otherMethod}`,
      head: head ?? { headers: [] },
      caller: peer.uri,
      address,
      arrivedAt,
    };
    const fail = (thrown: unknown) => answer(connection, stream, InterlockError.from(thrown), path, call);
    try {
      const { authorization = [], references = [] } = head ?? {};
      const counted = chain.count({ connection, authorization, references, now: clock.now() });
      if (counted) void counted.then(() => answer(connection, stream, what, path, call), fail);
      else answer(connection, stream, what, path, call);
    } catch (thrown) {
      fail(thrown);
    }
    return dropping(stream);
  }

  function answer(
    { peer, address }: Connection,
    stream: CallStream,
    what: RequestHead | InterlockError,
    method: string,
    call: ArrivedCall,
  ): void {
    const error = what instanceof InterlockError ? what : faultOf(what);
    if (error instanceof InterlockError) {
      const { reason, message: detail } = error;
      const callId = reason === undefined ? undefined : createCallId();
      const trace = beginServedTrace(call);
      if (reason) {
        const record = { at: clock.now(), reason, method, caller: peer.uri, address, detail, callId };
        runInTrace(trace, () => recorder.denied(record));
      }
      trace?.end({ code: status[error.code], reason }, "denied");
      const { code, details, metadata } = toStatus(error, callId);
      recorder.served.of(method || otherMethod).record("denied", status[error.code], 0);
      stream.sendHeaders(trailersOnlyOf(code, details, metadata), true);
    } else stream.sendHeaders(error, true, true);
    if (!stream.remoteEnded) stream.reset(errorCode.noError);
  }

  function faultOf(head: RequestHead): InterlockError | typeof unsupportedMediaType {
    if (head.method !== "POST") return methodNotAllowed;
    if (!head.isGrpc) return unsupportedMediaType;
    if (head.timeoutMs === "malformed" && find(head.path)) {
      return new InterlockError("INTERNAL", "The grpc-timeout is malformed.");
    }
    return new InterlockError("UNIMPLEMENTED", "There is no such method here.");
  }

  function sweep(): void {
    const late = clock.now() - receiveTimeoutMs;
    for (const { request } of open) request.failIfWaitingSince(late);
    const now = performance.now();
    for (const [http2, state] of connections) {
      const silentMs = now - http2.lastReceived;
      if (silentMs < keepalive.silenceMs) state.askedAt = undefined;
      else if (state.askedAt === undefined) {
        state.askedAt = now;
        http2.ping(() => {});
      } else if (now - state.askedAt >= keepalive.answerMs) http2.destroy();
    }
  }
  const timer = setInterval(sweep, sweepMs).unref();

  return {
    accept,
    translate,
    drain() {
      for (const http2 of connections.keys()) http2.close();
    },
    close: () => clearInterval(timer),
  };
}

/** Whether a connection was cut because its bot sends too much. */
function isFlood(error: InterlockError | undefined): boolean {
  return error?.reason === ("RATE_LIMITED" satisfies Reason);
}

/** The answer on a connection that was cut because its bot sends too much. It recurs. */
const tooMuch = refusalOf(denial("RATE_LIMITED", "the connection was closed", { retryAfterMs: "1000" }));

function refusalOf(error: InterlockError): HeaderList {
  const { code, details, metadata } = toStatus(error);
  return trailersOnlyOf(code, details, metadata);
}

/** Reads nothing of a stream that is over. */
const nobody: StreamHandler = { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };

/** Drops the content of a stream that is being answered. */
function dropping(stream: CallStream): StreamHandler {
  return stream.closed ? nobody : { ...nobody, onData: (bytes) => stream.consumed(bytes.length) };
}
