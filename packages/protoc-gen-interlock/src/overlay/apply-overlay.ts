import {
  clone,
  create,
  createFileRegistry,
  type DescExtension,
  type DescMessage,
  type DescMethod,
  type DescService,
  hasOption,
  setExtension,
} from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptionsSchema,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { sourcePosition } from "../source-position.js";
import { type OverlaidMethod, type OverlaidService, type Overlay, overlayFile } from "./overlay.js";
import { policyFile, withPolicyFiles } from "./policy-files.js";
import { readFields } from "./read-fields.js";
import type { LocatedMap } from "./read-yaml.js";

/** Proto files with an overlay. */
export interface AppliedOverlay {
  readonly files: readonly FileDescriptorProto[];
  readonly faults: readonly string[];
  /** Where the policy of an overlaid method stands, by `package.Service/Method`, and that of a service by its name. */
  readonly places: ReadonlyMap<string, string>;
}

/**
 * Puts the policies of an overlay into proto files, as options, so that whatever reads the files finds them as if they stood there.
 *
 * @param partial - Whether services that these files lack are of others, and no faults.
 */
export function applyOverlay(
  protoFiles: readonly FileDescriptorProto[],
  overlay: Overlay,
  partial: boolean,
): AppliedOverlay {
  const faults = [...overlay.faults];
  const places = new Map<string, string>();
  if (overlay.services.length === 0) return { files: protoFiles, faults, places };
  const before = withPolicyFiles(protoFiles);
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: before }));
  const access = optionOf("interlock.policy.v1.access");
  const service = optionOf("interlock.policy.v1.service");
  const changed = new Map<string, FileDescriptorProto>();
  for (const one of overlay.services) overlayService(one);
  return { files: before.map((file) => changed.get(file.name) ?? file), faults, places };

  function overlayService(overlaid: OverlaidService): void {
    const desc = registry.getService(overlaid.name);
    if (desc === undefined) {
      if (!partial) faults.push(unknownService(overlaid));
      return;
    }
    if (overlaid.fields.size > 0) {
      const proto = serviceProto(desc);
      const message = read(desc, service, overlaid.place, overlaid.name, overlaid.fields);
      proto.options ??= create(ServiceOptionsSchema);
      if (message) setExtension(proto.options, service, message);
    }
    for (const method of overlaid.methods) overlayMethod(desc, method);
  }

  function overlayMethod(desc: DescService, { name, place, fields }: OverlaidMethod): void {
    const index = desc.methods.findIndex((method) => method.name === name);
    const method = desc.methods[index];
    if (method === undefined) {
      const known = desc.methods.map((one) => one.name).join(", ");
      faults.push(`${place}: ${desc.typeName}/${name} is no method of that service; it has ${known}`);
      return;
    }
    const message = read(method, access, place, `${desc.typeName}/${name}`, fields);
    const proto = serviceProto(desc).method[index];
    if (message === undefined || proto === undefined) return;
    proto.options ??= create(MethodOptionsSchema);
    setExtension(proto.options, access, message);
  }

  /** The message of an option; nothing where the proto file has that option already. */
  function read(
    desc: DescMethod | DescService,
    option: DescExtension & { message: DescMessage },
    place: string,
    subject: string,
    fields: LocatedMap,
  ) {
    places.set(subject, place);
    if (hasOption(desc, option)) {
      const at = sourcePosition(desc);
      faults.push(
        `${place}: ${subject} has the option (${option.typeName}) in ${at} already: remove it from ${overlayFile}`,
      );
      return undefined;
    }
    const { message, faults: found } = readFields(option.message, fields, subject);
    faults.push(...found);
    return found.length > 0 ? undefined : message;
  }

  function serviceProto(desc: DescService) {
    const { proto: original } = desc.file;
    let file = changed.get(original.name);
    if (file === undefined) {
      file = clone(FileDescriptorProtoSchema, original);
      if (!file.dependency.includes(policyFile)) file.dependency.push(policyFile);
      changed.set(original.name, file);
    }
    const proto = file.service[desc.file.services.indexOf(desc)];
    if (proto === undefined) throw new Error(`${original.name} has lost ${desc.typeName}`);
    return proto;
  }

  function optionOf(name: string): DescExtension & { message: DescMessage } {
    const option = registry.getExtension(name);
    if (option?.message === undefined) throw new Error(`${policyFile} does not have the option ${name}`);
    return option as DescExtension & { message: DescMessage };
  }
}

/** The fault of a service that no proto file has. */
export function unknownService({ name, place }: OverlaidService): string {
  return `${place}: ${name} is no service of the proto files: write its full name, or remove it`;
}
