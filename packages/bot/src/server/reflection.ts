import { BinaryReader } from "@bufbuild/protobuf/wire";
import { ReflectionService } from "@grpc/reflection";
import type { ServiceDefinition } from "@interlock/policy";
import { type AdoptedService, adopt } from "./adopt.js";

/** Server reflection (`grpc.reflection.v1` and `v1alpha`) over `services`, behind the scope `reflection:read`. */
export function createReflection(services: readonly ServiceDefinition[]): AdoptedService[] {
  const described = services.filter((service) => service.descriptors !== undefined);
  const root = Object.fromEntries(
    described.map(({ name, descriptors = "" }) => [name, { fileDescriptorProtos: filesOf(descriptors) }]),
  );
  // Of the package definition that proto-loader makes, reflection reads the descriptors and nothing else.
  const library = new ReflectionService(root as never, { services: described.map(({ name }) => name) });
  return adopt(library, {
    scopes: ["reflection:read"],
    anyBot: false,
    purpose: "Describe the services of this bot to a person or a tool.",
    risk: "low",
    dataClasses: ["internal"],
    callers: [],
  });
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
