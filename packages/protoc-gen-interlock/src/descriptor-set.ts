import { create, type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/**
 * Serializes a proto file and all its imports, imports first, as a `google.protobuf.FileDescriptorSet` in base64, without
 * comments and positions.
 */
export function descriptorSet(file: DescFile): string {
  const files = new Set<DescFile>();
  visit(file);
  const set = create(FileDescriptorSetSchema, { file: [...files].map(withoutSource) });
  return Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64");

  function visit(one: DescFile): void {
    if (files.has(one)) return;
    one.dependencies.forEach(visit);
    files.add(one);
  }
}

function withoutSource({ proto }: DescFile): DescFile["proto"] {
  const { sourceCodeInfo: _, ...rest } = proto;
  return rest;
}
