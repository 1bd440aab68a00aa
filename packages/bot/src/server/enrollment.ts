import { randomBytes } from "node:crypto";
import {
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import type { AnyMethod } from "@interlock/policy";
import { codecOf, type HeaderList, MessageReader } from "@interlock/wire";
import { addressOf } from "../admission/connection.js";
import type { Clock } from "../base/clock.js";
import { denial, InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { Recorder } from "../base/recorder.js";
import { serializer } from "../base/serializer.js";
import type { JoinRequest, RecoverRequest } from "../gen/interlock/authority/v1/enrollment_service.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import type { Stranger } from "../listener/listener.js";
import { answerHead, methodNotAllowed, succeeded, trailersOnlyOf, unsupportedMediaType } from "./answers.js";
import { maximumRequestBytes } from "./limits.js";
import { toStatus } from "./live-call.js";
import type { Enrollment } from "./options.js";

/** The door for peers without a valid certificate: they may join or recover, and nothing else. */
export interface EnrollmentDoor {
  /** Takes the socket of a stranger. */
  admit(socket: TLSSocket, stranger: Stranger): void;
  close(): void;
}

// Long enough for the one or two calls that a stranger makes.
const maximumStayMs = 20_000;

/**
 * What one stay may bring: joining takes one request, recovering two, each with a header list of some 500 bytes, and a few may fail.
 * With more, the connection ends. Node keeps the headers of strangers until its next collection, so there must be few.
 */
const maximumRequests = 16;
const maximumHeaderBytes = 32 * 1_024;

const sessionOptions = {
  settings: { maxConcurrentStreams: 1, maxHeaderListSize: 16 * 1_024, enablePush: false },
  maxSessionMemory: 1, // Megabytes.
};

/** The stay of one stranger, from connecting to leaving. */
interface Visit {
  /** `host:port`. */
  readonly address: string;
  readonly stranger: Stranger;
  /** The requests that it has made, and the bytes of their headers. */
  requests: number;
  headerBytes: number;
  /** Whether it has asked for a challenge. */
  begun: boolean;
  /** The challenge that it has not used yet. */
  challenge: Uint8Array | undefined;
}

/** One method of the door. */
interface DoorMethod {
  readonly method: AnyMethod;
  answer(request: unknown, visit: Visit): Promise<unknown>;
}

/** What the door works with. */
export interface EnrollmentDoorOptions {
  readonly enrollment: Enrollment;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Log;
}

/** The length of a challenge, in bytes. */
const challengeLength = 32;

/**
 * Gives the one challenge of a visit. It exists only in the memory of this process and ends with the connection, so no proof over
 * it is worth anything on another connection, at another authority, or after a restart.
 */
function begin(visit: Visit): Uint8Array {
  if (visit.begun) throw denial("RATE_LIMITED", "a connection gets one challenge: connect again");
  visit.begun = true;
  visit.challenge = randomBytes(challengeLength);
  return visit.challenge;
}

/**
 * Makes the door: a gRPC server on `node:http2` with `EnrollmentService` as its only service, so that a stranger finds nothing else, and
 * reaches no code of HTTP/2 that is ours. It unpacks nothing for strangers.
 */
export function createEnrollmentDoor({ enrollment, recorder, clock, log }: EnrollmentDoorOptions): EnrollmentDoor {
  const { join, beginRecovery, recover } = EnrollmentService.methods;
  const methods = new Map<unknown, DoorMethod>();
  methods.set(join.path, {
    method: join,
    answer: (request, { address }) => enrollment.join(request as JoinRequest, { address }),
  });
  methods.set(beginRecovery.path, {
    method: beginRecovery,
    answer: async (_request, visit) => ({ challenge: begin(visit) }),
  });
  methods.set(recover.path, {
    method: recover,
    answer(request, visit) {
      const { address, challenge } = visit;
      visit.challenge = undefined; // It is valid once, whatever the answer.
      return enrollment.recover(request as RecoverRequest, { address, challenge });
    },
  });
  const sessions = new Set<ServerHttp2Session>();

  /** Answers a request. */
  async function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, visit: Visit): Promise<void> {
    try {
      const found = methods.get(headers[":path"]);
      const refused = refusalOf(headers, found);
      if (refused) return refuse(stream, refused);
      const { method, answer } = found as DoorMethod;
      const message = await readMessage(stream, maximumRequestBytes(method));
      visit.stranger.begin();
      try {
        const answered = await answer(decode(method, message), visit);
        succeed(stream, serializer(method.response)(answered));
      } finally {
        visit.stranger.end();
      }
    } catch (thrown) {
      if (!(thrown instanceof InterlockError)) log.error("enrollment failed", { error: String(thrown) });
      const known = thrown instanceof InterlockError;
      fail(stream, known ? thrown : new InterlockError("INTERNAL", "The enrollment failed."));
    }
  }

  function record({ address }: Visit): void {
    const detail = "a peer without a certificate made more requests than joining takes, or longer ones";
    recorder.denied({ at: clock.now(), reason: "RATE_LIMITED", method: "", caller: "", address, detail });
  }

  return {
    admit(socket, stranger) {
      const address = addressOf(socket);
      const visit = { address, stranger, requests: 0, headerBytes: 0, begun: false, challenge: undefined };
      const stay = setTimeout(() => socket.destroy(), maximumStayMs).unref();
      const http2 = performServerHandshake(socket, sessionOptions);
      sessions.add(http2);
      socket.once("close", () => {
        clearTimeout(stay);
        sessions.delete(http2);
      });
      http2.on("error", () => http2.destroy());
      http2.on("stream", (stream, headers) => {
        stream.on("error", () => {}); // The peer's end of it; its answer has nowhere to go.
        visit.requests++;
        for (const [name, value = ""] of Object.entries(headers)) visit.headerBytes += name.length + value.length;
        if (socket.destroyed) return;
        if (visit.requests > maximumRequests || visit.headerBytes > maximumHeaderBytes) {
          record(visit);
          socket.destroy();
        } else serve(stream, headers, visit).catch(() => http2.destroy());
      });
    },
    close() {
      for (const http2 of sessions) http2.destroy();
    },
  };
}

/** What a request is refused with before it is read, if it is. */
function refusalOf(
  headers: IncomingHttpHeaders,
  found: DoorMethod | undefined,
): HeaderList | InterlockError | undefined {
  if (headers[":method"] !== "POST") return methodNotAllowed;
  if (codecOf(headers["content-type"] ?? "") !== "proto") return unsupportedMediaType;
  if (!found)
    return new InterlockError("UNIMPLEMENTED", "A peer without a certificate may join or recover, and nothing else.");
  // Messages have to come as they are.
  if ((headers["grpc-encoding"] ?? "identity") !== "identity") return denial("ENCODING_REFUSED");
  return undefined;
}

/** Reads the one message of a request. Rejects at its first fault, and reads nothing after that. */
function readMessage(stream: ServerHttp2Stream, maximumBytes: number): Promise<Buffer> {
  const reader = new MessageReader(maximumBytes);
  const messages: Buffer[] = [];
  let wrong = false;
  const sink = {
    onMessage(message: Buffer, compressed: boolean): void {
      wrong ||= compressed || messages.length > 0;
      if (!wrong) messages.push(message);
    },
  };
  return new Promise((resolve, reject) => {
    stream.on("data", (bytes: Buffer) => {
      const fault = reader.push(bytes, sink);
      if (fault?.kind === "too-large") {
        reject(denial("REQUEST_TOO_LARGE", `it may have ${maximumBytes} bytes here`));
      } else if (fault || wrong) reject(malformed());
    });
    stream.once("end", () => {
      const [message] = messages;
      if (reader.end() || wrong || !message) reject(malformed());
      else resolve(message);
    });
    stream.once("close", () => reject(malformed())); // It was reset.
  });
}

function decode({ request }: AnyMethod, message: Buffer): unknown {
  try {
    return request.decode(message);
  } catch {
    throw malformed();
  }
}

function malformed(): InterlockError {
  return new InterlockError("INTERNAL", "The request is malformed: it has to be one message of the method's type.");
}

function refuse(stream: ServerHttp2Stream, what: HeaderList | InterlockError): void {
  if (what instanceof InterlockError) fail(stream, what);
  else answerWith(stream, what);
}

function succeed(stream: ServerHttp2Stream, message: Buffer): void {
  if (hasEnded(stream)) return;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.respond(headersOf(answerHead), { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers(headersOf(succeeded)));
  stream.end(Buffer.concat([prefix, message]));
}

function fail(stream: ServerHttp2Stream, error: InterlockError): void {
  const { code, details, metadata } = toStatus(error);
  if (error.reason === "ENCODING_REFUSED") metadata.set("grpc-accept-encoding", "identity");
  answerWith(stream, trailersOnlyOf(code, details, metadata));
}

/** Answers with headers alone. What else comes of the request is dropped. */
function answerWith(stream: ServerHttp2Stream, headers: HeaderList): void {
  if (hasEnded(stream)) return;
  stream.respond(headersOf(headers), { endStream: true });
  stream.resume();
}

/** Whether the peer has reset a stream, or its connection has gone: no answer can be sent then. */
function hasEnded({ closed, destroyed }: ServerHttp2Stream): boolean {
  return closed || destroyed;
}

function headersOf(list: HeaderList): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (let i = 0; i < list.length; i += 2) headers[list[i] as string] = list[i + 1];
  return headers;
}
