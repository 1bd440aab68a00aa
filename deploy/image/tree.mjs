// Writes what a package of this workspace needs at run time into a folder: node deploy/image/tree.mjs <package> <folder>
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pnpm } from "../../scripts/pnpm.mjs";

const [name, given] = process.argv.slice(2);
if (!name || !given) throw new Error("usage: node deploy/image/tree.mjs <package> <folder>");
const folder = resolve(given);
const [command, ...args] = pnpm("--filter", name, "--prod", "--legacy", "--ignore-scripts", "deploy", folder);
const { status } = spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
if (status !== 0) process.exit(status ?? 1);

// `interlock generate` is for the machine of a developer: its compilers are most of the size. Nor does this image run musl.
const unused = /^(@bufbuild\+buf|dprint-node|typescript)[@-]|^@libsql\+linux-[^@]*-musl@/;
const store = join(folder, "node_modules/.pnpm");
for (const entry of readdirSync(store)) {
  if (unused.test(entry)) rmSync(join(store, entry), { recursive: true });
}
