import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The folder with the proto files of the access policy, in the package where they are published. */
export function policyProtos(): string {
  let folder = dirname(createRequire(import.meta.url).resolve("@interlock/policy"));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return join(folder, "protos");
}
