import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { addressOf } from "../admission/connection.js";
import { denial, InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { JoinRequest, RecoverRequest } from "../gen/interlock/authority/v1/enrollment_service.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import type { Stranger } from "../listener/listener.js";
import { toGrpcService } from "./grpc-service.js";
import { limits } from "./limits.js";
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

/** The stay of one stranger, from connecting to leaving. */
interface Visit {
  readonly stranger: Stranger;
  /** Whether it has asked for a challenge. */
  begun: boolean;
  /** The challenge that it has not used yet. */
  challenge: Uint8Array | undefined;
}

/** The length of a challenge, in bytes. */
const challengeLength = 32;

/**
 * Gives the one challenge of a visit. It exists only in the memory of this process and ends with the connection, so no proof over
 * it is worth anything on another connection, at another authority, or after a restart.
 */
function begin(visit: Visit | undefined): Uint8Array {
  if (!visit || visit.begun) throw denial("RATE_LIMITED", "a connection gets one challenge: connect again");
  visit.begun = true;
  visit.challenge = randomBytes(challengeLength);
  return visit.challenge;
}

/** The encoding of a call's messages. Only grpc-js's own code is meant to use the member; where it has changed, nothing is taken. */
function encodingOf(call: ServerInterceptingCallInterface): string {
  return String((call as { readonly incomingEncoding?: unknown }).incomingEncoding ?? "unknown");
}

/** The answer where messages have to come as they are: UNIMPLEMENTED, with the encodings that are taken. */
function refuseEncoding() {
  const answer = toStatus(denial("ENCODING_REFUSED"));
  answer.metadata.set("grpc-accept-encoding", "identity");
  return answer;
}

/** Unpacks nothing for strangers. The call is answered before it begins, so nothing of it is read. */
const refuseCompressed: ServerInterceptor = (_descriptor, call) => {
  if (encodingOf(call) === "identity") return new ServerInterceptingCall(call);
  return new ServerInterceptingCall(call, { start: () => call.sendStatus(refuseEncoding()) });
};

/**
 * Makes a separate gRPC server with `EnrollmentService` as its only service, so that a stranger finds nothing else.
 */
export function createEnrollmentDoor(enrollment: Enrollment, log: Log): EnrollmentDoor {
  const server = new Server({
    ...limits,
    "grpc.max_receive_message_length": 64 * 1024,
    "grpc.max_concurrent_streams": 1,
    interceptors: [refuseCompressed],
  });
  /** By address; as many as the listener lets in. */
  const visits = new Map<string, Visit>();

  /** Serves one method to strangers; `answer` gets the visit during which it is called. */
  function serve<Request, Response>(
    answer: (request: Request, address: string, visit: Visit | undefined) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const address = call.getPeer();
      const visit = visits.get(address);
      visit?.stranger.begin();
      answer(call.request, address, visit)
        .finally(() => visit?.stranger.end())
        .then(
          (response) => callback(null, response),
          (thrown) => {
            if (!(thrown instanceof InterlockError)) log.error("enrollment failed", { error: String(thrown) });
            const known = thrown instanceof InterlockError;
            callback(toStatus(known ? thrown : new InterlockError("INTERNAL", "The enrollment failed.")));
          },
        );
    };
  }

  server.addService(toGrpcService(EnrollmentService), {
    join: serve((request: JoinRequest, address) => enrollment.join(request, { address })),
    beginRecovery: serve(async (_request, _address, visit) => ({ challenge: begin(visit) })),
    recover: serve((request: RecoverRequest, address, visit) => {
      const challenge = visit?.challenge;
      if (visit) visit.challenge = undefined; // It is valid once, whatever the answer.
      return enrollment.recover(request, { address, challenge });
    }),
  });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    admit(socket, stranger) {
      const stay = setTimeout(() => socket.destroy(), maximumStayMs).unref();
      const address = addressOf(socket);
      const visit = { stranger, begun: false, challenge: undefined };
      visits.set(address, visit);
      socket.once("close", () => {
        clearTimeout(stay);
        if (visits.get(address) === visit) visits.delete(address);
      });
      injector.injectConnection(socket);
    },
    close() {
      injector.destroy();
      server.forceShutdown();
    },
  };
}
