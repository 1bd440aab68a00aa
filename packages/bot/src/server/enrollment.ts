import type { TLSSocket } from "node:tls";
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { addressOf } from "../admission/connection.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { JoinRequest, JoinResponse } from "../gen/interlock/authority/v1/enrollment_service.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import type { Stranger } from "../listener/listener.js";
import { toGrpcService } from "./grpc-service.js";
import { limits } from "./limits.js";
import { toStatus } from "./live-call.js";
import type { Enrollment } from "./options.js";
import { encodingOf, refuseEncoding } from "./unpacking.js";

/** The door for peers without a certificate: they may join, and nothing else. */
export interface EnrollmentDoor {
  /** Takes the socket of a stranger. */
  admit(socket: TLSSocket, stranger: Stranger): void;
  close(): void;
}

// Long enough for the one call that a stranger makes.
const maximumStayMs = 20_000;

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
  const strangers = new Map<string, Stranger>();
  const join: handleUnaryCall<JoinRequest, JoinResponse> = (call, callback) => {
    const address = call.getPeer();
    const stranger = strangers.get(address);
    stranger?.begin();
    const joining = enrollment.join(call.request, { address }).finally(() => stranger?.end());
    joining.then(
      (response) => callback(null, response as JoinResponse),
      (thrown) => {
        if (!(thrown instanceof InterlockError)) log.error("join failed", { error: String(thrown) });
        const error = thrown instanceof InterlockError ? thrown : new InterlockError("INTERNAL", "The join failed.");
        callback(toStatus(error));
      },
    );
  };
  server.addService(toGrpcService(EnrollmentService), { join });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    admit(socket, stranger) {
      const stay = setTimeout(() => socket.destroy(), maximumStayMs).unref();
      const address = addressOf(socket);
      strangers.set(address, stranger);
      socket.once("close", () => {
        clearTimeout(stay);
        if (strangers.get(address) === stranger) strangers.delete(address);
      });
      injector.injectConnection(socket);
    },
    close() {
      injector.destroy();
      server.forceShutdown();
    },
  };
}
