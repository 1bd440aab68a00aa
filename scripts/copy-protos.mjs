// Copies Interlock's proto files into @interlock/policy, so that users can import them.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "packages/policy/protos");

export function copyProtos() {
  rmSync(target, { recursive: true, force: true }); // Removes files that are gone from the source.
  // Not health: only the bot uses it, and users may have the standard file of the same name.
  cpSync(join(root, "protos"), target, { recursive: true, filter: (from) => from !== join(root, "protos/grpc") });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) copyProtos();
