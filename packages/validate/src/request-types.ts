import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** The types that a service uses, as its definition describes them. */
export interface RequestTypes {
  readonly registry: FileRegistry;
  /** The type of the requests of a method, by its path `/package.Service/Method`; `undefined` for an unknown method. */
  of(path: string): DescMessage | undefined;
}

/**
 * Reads the descriptors of a service.
 *
 * @param descriptors - A serialized `google.protobuf.FileDescriptorSet` in base64, with all imports.
 * @returns The types of the requests.
 * @throws An `Error` when it cannot be read.
 */
export function readRequestTypes(descriptors: string): RequestTypes {
  const set = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64"));
  const registry = createFileRegistry(set);
  return {
    registry,
    of(path) {
      const [, service = "", method] = path.split("/");
      return registry.getService(service)?.methods.find(({ name }) => name === method)?.input;
    },
  };
}
