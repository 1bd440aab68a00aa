import type { MethodDefinition } from "@grpc/grpc-js";
import type { Codec, Method } from "@interlock/policy";
import { EchoService } from "./gen/interlock/bench/v1/bench_interlock.js";

const { echo, repeat } = EchoService.methods;

/** `EchoService` in the form of grpc-js, with the same codecs as Interlock's definition. */
export const echoDefinition = { echo: toGrpcJs(echo), repeat: toGrpcJs(repeat) };

function toGrpcJs<Request, Response>(method: Method<Request, Response>): MethodDefinition<Request, Response> {
  return {
    path: method.path,
    requestStream: method.kind === "clientStreaming" || method.kind === "bidiStreaming",
    responseStream: method.kind === "serverStreaming" || method.kind === "bidiStreaming",
    requestSerialize: serialize(method.request),
    requestDeserialize: (bytes) => method.request.decode(bytes),
    responseSerialize: serialize(method.response),
    responseDeserialize: (bytes) => method.response.decode(bytes),
  };
}

// The code that ts-proto writes for grpc-js.
function serialize<T>(codec: Codec<T>): (message: T) => Buffer {
  return (message) => Buffer.from(codec.encode(message).finish());
}
