import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  type Registry,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { InterlockError } from "@interlock/bot";

/** The messages of a method as JSON: the mapping of protobuf. */
export interface MethodForms {
  /** Knows the types of the service. */
  readonly types: Registry;
  /**
   * Reads a request. Fields that are not known are ignored.
   *
   * @throws InterlockError INVALID_ARGUMENT that says what cannot be read.
   */
  request(json: Uint8Array): Uint8Array;
  /**
   * Writes an answer.
   *
   * @throws InterlockError INTERNAL where there is no JSON for it.
   */
  answer(bytes: Uint8Array): Buffer;
}

/** Gives the forms of a method by its path; `undefined` for one that is not described. */
export type FindForms = (path: string) => MethodForms | undefined;

/**
 * Makes the forms of the methods of a service.
 *
 * @param descriptors - A serialized `google.protobuf.FileDescriptorSet` with the service's file and all its imports, in base64.
 * @throws A `TypeError` where that is damaged.
 */
export type Describe = (service: string, descriptors: string) => FindForms;

/** Makes a {@link Describe} that reads descriptors once, where several services have the same ones. */
export function createDescribe(): Describe {
  const read = new Map<string, FileRegistry>();
  return (service, descriptors) => {
    const types = read.get(descriptors) ?? readDescriptors(service, descriptors);
    read.set(descriptors, types);
    return createForms(service, types);
  };
}

function createForms(service: string, types: FileRegistry): FindForms {
  const described = types.getService(service);
  const forms = new Map(
    described?.methods.map(({ name, input, output }) => [`/${service}/${name}`, formsOf(input, output, types)]),
  );
  return (path) => forms.get(path);
}

function readDescriptors(service: string, descriptors: string): FileRegistry {
  try {
    const { file, ...set } = fromBinary(FileDescriptorSetSchema, Buffer.from(descriptors, "base64"));
    // Sets of several services may be joined, and then have the files that they share more than once.
    const once = new Map(file.map((one) => [one.name, one]));
    return createFileRegistry({ ...set, file: [...once.values()] });
  } catch (cause) {
    throw new TypeError(`The descriptors of ${service} are damaged: generate them anew.`, { cause });
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function formsOf(input: DescMessage, output: DescMessage, types: Registry): MethodForms {
  return {
    types,
    request(json) {
      try {
        const value = JSON.parse(utf8.decode(json)) as JsonValue;
        return toBinary(input, fromJson(input, value, { registry: types, ignoreUnknownFields: true }));
      } catch (cause) {
        throw new InterlockError("INVALID_ARGUMENT", `The request is no ${input.typeName} in JSON: ${textOf(cause)}`, {
          cause,
        });
      }
    },
    answer(bytes) {
      try {
        return Buffer.from(JSON.stringify(toJson(output, fromBinary(output, bytes), { registry: types })));
      } catch (cause) {
        const problem = `The answer has no form in JSON: ${textOf(cause)}. Ask for it as application/proto.`;
        throw new InterlockError("INTERNAL", problem, { cause });
      }
    },
  };
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
