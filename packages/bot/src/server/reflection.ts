import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { ServiceDefinition as GrpcService, MethodDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Codec, Policy, ServiceDefinition } from "@interlock/policy";
import { InterlockError } from "../base/error.js";

const versions = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

const policy: Policy = {
  scopes: ["reflection:read"],
  anyBot: false,
  purpose: "Describe the services of this bot to a person or a tool.",
  risk: "low",
  dataClasses: ["internal"],
  callers: [],
};

/** One version of reflection: our definition of it, and its implementation. */
export interface Reflection {
  readonly service: ServiceDefinition;
  readonly implementation: { serverReflectionInfo(requests: AsyncIterable<unknown>): AsyncIterable<object> };
}

type Handler = (call: unknown) => void;
type Library = ReadonlyMap<string, { readonly method: MethodDefinition<unknown, unknown>; readonly handler: Handler }>;

/**
 * Makes server reflection (`grpc.reflection.v1` and `v1alpha`) over `services`, behind the scope `reflection:read`. Few
 * servers are ever asked, so the library with its two megabytes is loaded by the first call that is admitted. That blocks
 * the process for about a tenth of a second, once.
 */
export function createReflection(services: readonly ServiceDefinition[]): Reflection[] {
  let library: Library | undefined;
  return versions.map((name) => {
    const found = () => {
      library ??= load(services);
      return library.get(name) as NonNullable<ReturnType<Library["get"]>>;
    };
    const request = {
      encode: unused,
      decode: (bytes: Uint8Array) => found().method.requestDeserialize(bytes as Buffer),
    };
    const response = {
      encode: (message: unknown) => ({ finish: () => found().method.responseSerialize(message) }),
      decode: unused,
    };
    const path = `/${name}/ServerReflectionInfo`;
    const kind = "bidiStreaming";
    const method = { path, kind, request: codec(request), response: codec(response), policy } as const;
    return {
      service: { name, servedBy: [], methods: { serverReflectionInfo: method } },
      implementation: { serverReflectionInfo: (requests) => answer(requests, () => found().handler) },
    };
  });
}

/**
 * Gives what the library's handler, which is one for grpc-js, answers at once to each request. Descriptors that it cannot read
 * become an error of the call, and do not stop the server.
 */
async function* answer(requests: AsyncIterable<unknown>, handler: () => Handler): AsyncGenerator<object> {
  const answers: object[] = [];
  const call = Object.assign(new EventEmitter(), { write: (message: object) => answers.push(message), end() {} });
  try {
    handler()(call);
    for await (const request of requests) {
      call.emit("data", request);
      yield* answers.splice(0);
    }
  } catch (fault) {
    if (fault instanceof InterlockError) throw fault;
    const problem = fault instanceof Error ? fault.message : String(fault);
    throw new InterlockError("INTERNAL", `The services cannot be described: ${problem}`, { cause: fault });
  }
}

function load(services: readonly ServiceDefinition[]): Library {
  const { ReflectionService } = createRequire(import.meta.url)("@grpc/reflection") as typeof import("@grpc/reflection");
  const described = services.filter((service) => service.descriptors !== undefined);
  const root = Object.fromEntries(
    described.map(({ name, descriptors = "" }) => [name, { fileDescriptorProtos: filesOf(descriptors) }]),
  );
  const library = new Map<string, { method: MethodDefinition<unknown, unknown>; handler: Handler }>();
  const server = {
    addService({ ServerReflectionInfo: method }: GrpcService, handlers: UntypedServiceImplementation) {
      const name = method?.path.split("/")[1] ?? "";
      library.set(name, { method, handler: handlers.ServerReflectionInfo } as never);
    },
  };
  // Reflection reads only the descriptors of the package definition that proto-loader would make.
  new ReflectionService(root as never, { services: described.map(({ name }) => name) }).addToServer(server as never);
  return library;
}

/** The files of a serialized `google.protobuf.FileDescriptorSet`, each still serialized. */
function filesOf(base64: string): Buffer[] {
  const reader = new BinaryReader(Buffer.from(base64, "base64"));
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) files.push(Buffer.from(reader.bytes()));
    else reader.skip(wireType);
  }
  return files;
}

/** A codec for messages of the library, which are whole already. */
function codec(of: Pick<Codec<unknown>, "encode" | "decode">): Codec<unknown> {
  return { ...of, fromPartial: (message) => message };
}

function unused(): never {
  throw new Error("A server does not call itself.");
}
