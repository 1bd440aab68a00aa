// Packs every published package as it would be published: node scripts/pack.mjs [folder]   Default: tarballs.
// The packages have to be built: "npm run pack" builds them first.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { pnpm } from "./pnpm.mjs";
import { publishedPackages } from "./published.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Packs every published package into `folder`, with the pinned pnpm, which applies `publishConfig` and the catalog.
 * Removes the tarballs that were in `folder`. Returns the path of each tarball, in the order of the file names.
 */
export function packAll(folder) {
  for (const { folder: built, manifest } of publishedPackages()) {
    if (!existsSync(join(built, "dist"))) throw new Error(`${manifest.name} is not built: run "npm run build" first.`);
  }
  mkdirSync(folder, { recursive: true });
  for (const old of tarballsIn(folder)) rmSync(old);
  const filters = publishedPackages().flatMap(({ manifest }) => ["--filter", manifest.name]);
  const [command, ...args] = pnpm("--recursive", ...filters, "pack", "--pack-destination", folder);
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32" && command === "npm",
  });
  if (status !== 0) throw new Error(`pnpm pack failed: ${error?.message ?? stdout + stderr}`);
  return tarballsIn(folder);
}

function tarballsIn(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .sort()
    .map((name) => join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const tarball of packAll(resolve(process.argv[2] ?? join(root, "tarballs")))) console.log(tarball);
}
