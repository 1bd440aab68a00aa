import type { TLSSocket } from "node:tls";
import { type handleUnaryCall, Server, ServerCredentials } from "@grpc/grpc-js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import type { JoinRequest, JoinResponse } from "../gen/interlock/authority/v1/enrollment_service.js";
import { EnrollmentService } from "../gen/interlock/authority/v1/enrollment_service_interlock.js";
import { toGrpcService } from "./grpc-service.js";
import { limits } from "./limits.js";
import { toStatus } from "./live-call.js";
import type { Enrollment } from "./options.js";

/** The door for peers without a certificate: they may join, and nothing else. */
export interface EnrollmentDoor {
  /** Takes the socket of a stranger. */
  admit(socket: TLSSocket): void;
  close(): void;
}

// Long enough for the one call that a stranger makes.
const maximumStayMs = 20_000;

/**
 * Makes a separate gRPC server with `EnrollmentService` as its only service, so that a stranger finds nothing else.
 */
export function createEnrollmentDoor(enrollment: Enrollment, log: Log): EnrollmentDoor {
  const server = new Server({
    ...limits,
    "grpc.max_receive_message_length": 64 * 1024,
    "grpc.max_concurrent_streams": 1,
  });
  const join: handleUnaryCall<JoinRequest, JoinResponse> = (call, callback) => {
    enrollment.join(call.request, { address: call.getPeer() }).then(
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
    admit(socket) {
      const stay = setTimeout(() => socket.destroy(), maximumStayMs).unref();
      socket.once("close", () => clearTimeout(stay));
      injector.injectConnection(socket);
    },
    close() {
      injector.destroy();
      server.forceShutdown();
    },
  };
}
