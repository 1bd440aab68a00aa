import { create, type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** The text of `interlock.descriptors.b64`: files and all their imports, imports first, without comments and positions. */
export function printDescriptors(files: readonly DescFile[]): string {
  const found = new Set<DescFile>();
  files.forEach(visit);
  const set = create(FileDescriptorSetSchema, {
    file: [...found].map(({ proto: { sourceCodeInfo: _, ...proto } }) => proto),
  });
  return `${Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64")}\n`;

  function visit(file: DescFile): void {
    if (found.has(file)) return;
    file.dependencies.forEach(visit);
    found.add(file);
  }
}
