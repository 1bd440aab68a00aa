import type { ServiceDefinition as GrpcService, MethodDefinition } from "@grpc/grpc-js";
import type { AnyMethod, ServiceDefinition } from "@interlock/policy";
import { serializer } from "../base/serializer.js";

/** Converts a service definition into the form of grpc-js. Its handlers may give their answers written already, as bytes. */
export function toGrpcService(service: ServiceDefinition): GrpcService {
  return Object.fromEntries(Object.entries(service.methods).map(([key, method]) => [key, toGrpcMethod(method)]));
}

function toGrpcMethod({ path, kind, request, response }: AnyMethod): MethodDefinition<unknown, unknown> {
  return {
    path,
    requestStream: kind === "clientStreaming" || kind === "bidiStreaming",
    responseStream: kind === "serverStreaming" || kind === "bidiStreaming",
    requestSerialize: serializer(request),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: unlessWritten(serializer(response)),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
}

function unlessWritten(write: (message: unknown) => Buffer): (message: unknown) => Buffer {
  return (message) => (Buffer.isBuffer(message) ? message : write(message));
}
