import { file_buf_validate_validate as file } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { printProtoFile } from "./print-proto-file.js";

/** The path under which proto files import the options. */
export const validateProtoPath = "buf/validate/validate.proto";

/**
 * Prints the proto file of the `buf.validate` options, for proto files that are compiled without a network. It is also in this
 * package, in `protos/`, which can be a module of `buf.yaml`.
 *
 * @returns The source: the messages and extensions of the version of `@bufbuild/protovalidate` that is installed.
 *
 * @example
 * ```ts
 * await writeFile(join("protos", validateProtoPath), validateProto());
 * ```
 */
export function validateProto(): string {
  return printProtoFile(file, "The options of protovalidate (https://protovalidate.com), without comments.");
}
