import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";

// Field numbers of FileDescriptorProto.service and ServiceDescriptorProto.method.
const serviceField = 6;
const methodField = 2;

/** The position of a service or method: `cafe/v1/cafe.proto:12:3`, both counted from 1. Only the file if unknown. */
export function sourcePosition(desc: DescService | DescMethod): string {
  const service = desc.kind === "rpc" ? desc.parent : desc;
  const path = [serviceField, service.file.services.indexOf(service)];
  if (desc.kind === "rpc") path.push(methodField, service.methods.indexOf(desc));
  return pathPosition(service.file, path);
}

/** The position of what stands at this path of a file's descriptor, in the same form. */
export function pathPosition({ proto }: DescFile, path: readonly number[]): string {
  const key = path.join();
  const span = proto.sourceCodeInfo?.location.find((location) => location.path.join() === key)?.span;
  const [line, column] = span ?? [];
  if (line === undefined || column === undefined) return proto.name;
  return `${proto.name}:${line + 1}:${column + 1}`;
}
