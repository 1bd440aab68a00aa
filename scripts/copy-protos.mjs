// Copies Interlock's proto files into @interlock/policy, so that users can import them.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "packages/policy/protos");

export function copyProtos() {
  rmSync(target, { recursive: true, force: true }); // Removes files that are gone from the source.
  // Not health, Envoy's and SPIFFE's: only our packages use them, and users may have the standard files of the same names.
  const own = ["protos/grpc", "protos/envoy", "protos/spiffe"].map((folder) => join(root, folder));
  cpSync(join(root, "protos"), target, { recursive: true, filter: (from) => !own.includes(from) });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) copyProtos();
