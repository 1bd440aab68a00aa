import type { ServiceDefinition as GrpcService, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { AnyMethod, MethodKind, Policy, ServiceDefinition } from "@interlock/policy";

/** A service that a library wrote for grpc-js, under a policy of ours. */
export interface AdoptedService {
  readonly service: ServiceDefinition;
  readonly grpcService: GrpcService;
  readonly implementation: UntypedServiceImplementation;
}

/** Something that adds itself to a grpc-js server. */
interface AddsItself {
  // biome-ignore lint/suspicious/noExplicitAny: each library has its own idea of a server's type.
  addToServer(server: any): void;
}

/** Takes the services that a library would add to a grpc-js server, and puts one policy on all their methods. */
export function adopt(library: AddsItself, policy: Policy): AdoptedService[] {
  const adopted: AdoptedService[] = [];
  library.addToServer({
    addService(grpcService: GrpcService, implementation: UntypedServiceImplementation) {
      const methods = Object.entries(grpcService).map(([key, method]) => {
        const kind = kindOf(method.requestStream, method.responseStream);
        const codec = { encode: refuse, decode: refuse, fromPartial: refuse }; // grpcService has its own.
        return [key, { path: method.path, kind, request: codec, response: codec, policy }] satisfies [
          string,
          AnyMethod,
        ];
      });
      const name = methods[0]?.[1].path.split("/")[1] ?? "";
      const service = { name, servedBy: [], methods: Object.fromEntries(methods) };
      adopted.push({ service, grpcService, implementation });
    },
  });
  return adopted;
}

function kindOf(requestStream: boolean, responseStream: boolean): MethodKind {
  if (requestStream) return responseStream ? "bidiStreaming" : "clientStreaming";
  return responseStream ? "serverStreaming" : "unary";
}

function refuse(): never {
  throw new Error("An adopted service has its own codecs.");
}
