import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { bufCommand } from "../run-buf.js";

/** The proto file with the policy options. */
export const policyFile = "interlock/policy/v1/policy.proto";

/**
 * The files, and those with the policy options where no file imports them: nobody can make a vendor's proto file do so. They are
 * compiled from `@interlock/policy`.
 *
 * @throws Error when they cannot be compiled.
 */
export function withPolicyFiles(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  if (files.some(({ name }) => name === policyFile)) return [...files];
  const known = new Set(files.map(({ name }) => name));
  return [...compile().filter(({ name }) => !known.has(name)), ...files];
}

function compile(): FileDescriptorProto[] {
  const [command, ...before] = bufCommand();
  const args = ["build", ".", "--path", policyFile, "--as-file-descriptor-set", "--output", "-"];
  const folder = policyProtos();
  const config = JSON.stringify({ version: "v2", modules: [{ path: "." }] });
  const { status, stdout, stderr, error } = spawnSync(command, [...before, ...args, "--config", config], {
    cwd: folder,
    maxBuffer: 16_777_216,
  });
  if (error !== undefined || status !== 0) {
    const said = error?.message ?? stderr.toString().trim();
    throw new Error(`${policyFile} of @interlock/policy cannot be compiled in ${folder}: ${said}`);
  }
  return fromBinary(FileDescriptorSetSchema, stdout).file;
}

/** The folder with the proto files of the package that has the options. */
function policyProtos(): string {
  let folder = dirname(createRequire(import.meta.url).resolve("@interlock/policy"));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return join(folder, "protos");
}
