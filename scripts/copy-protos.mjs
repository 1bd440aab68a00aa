// Copies the proto files that come with Interlock into @interlock/policy, so that users can import them.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "packages/policy/protos");

export function copyProtos() {
  cpSync(join(root, "protos"), target, { recursive: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) copyProtos();
