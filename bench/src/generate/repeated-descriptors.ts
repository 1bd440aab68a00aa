import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BinaryReader } from "@bufbuild/protobuf/wire";

/** The descriptors in generated code. */
export interface Descriptors {
  /** How many proto files there are. */
  readonly files: number;
  /** How many descriptors stand beside the first of their file. */
  readonly repeated: number;
  readonly megabytes: number;
}

/** Reads the descriptors from all modules of a folder. */
export function findDescriptors(folder: string): Descriptors {
  const modules = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const literals = modules.flatMap(
    (name) => readFileSync(join(folder, name), "utf8").match(/(?<=")[\w+/]{100,}=*(?=")/g) ?? [],
  );
  const names = literals.flatMap((literal) => filesOf(Buffer.from(literal, "base64")));
  const files = new Set(names).size;
  return {
    files,
    repeated: names.length - files,
    megabytes: literals.reduce((sum, literal) => sum + literal.length, 0) / 2 ** 20,
  };
}

/** The names of the files in a serialized `FileDescriptorSet`. */
function filesOf(set: Uint8Array): string[] {
  return lengthDelimited(set, 1).flatMap((file) =>
    lengthDelimited(file, 1).map((name) => Buffer.from(name).toString()),
  );
}

function lengthDelimited(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted) found.push(reader.bytes());
    else reader.skip(type);
  }
  return found;
}
