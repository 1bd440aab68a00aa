// Copies the proto files that come with Interlock into @interlock/policy, so that users can import them.
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "packages/policy/protos");

export function copyProtos() {
  for (const name of ["policy", "authority", "swarm"]) {
    const source = join(root, "protos/interlock", name);
    if (existsSync(source)) cpSync(source, join(target, "interlock", name), { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(target, { recursive: true, force: true });
  copyProtos();
}
