// Copies the proto files that come with Interlock into @interlock/policy, so that users can import them.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "packages/policy/protos");

export function copyProtos() {
  rmSync(target, { recursive: true, force: true }); // What is gone from the source goes here too.
  // The others are public files that only the bot itself needs, and that users may have beside their own.
  cpSync(join(root, "protos/interlock"), join(target, "interlock"), { recursive: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) copyProtos();
