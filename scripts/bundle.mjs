// Bundles the entries of packages, so that they load quickly: node scripts/bundle.mjs [folder …]   Default: all packages.
// It reads what tsc has written. See "A bundle for each package", ARCHITECTURE.md.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The condition of `exports` under which Node loads the files that were bundled, each by itself. */
const unbundled = "interlock-unbundled";

/** Bundles the packages in these folders. A package without the condition in its `exports` is left alone. */
async function bundlePackages(folders) {
  await Promise.all(folders.map((folder) => bundle(join(root, folder))));
}

/** The folders of `packages` that are packages. */
function packages() {
  const folders = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  return folders.filter((folder) => existsSync(join(root, folder, "package.json")));
}

async function bundle(folder) {
  const { exports = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const entries = Object.values(exports).filter((targets) => targets[unbundled]);
  if (entries.length === 0) return;
  const out = join(folder, "dist/bundle");
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: entries.map((targets) => ({
      in: targets[unbundled],
      out: relative(out, join(folder, targets.default)).replace(/\.js$/, ""),
    })),
    outdir: out,
    chunkNames: "[name]-[hash]",
    bundle: true,
    // What two entries share exists once: an error of one is an instance of the other's class.
    splitting: true,
    // Packages stay packages, ours too, so that each exists once in a process, whatever imports it.
    packages: "external",
    platform: "node",
    target: "node20",
    format: "esm",
    sourcemap: true,
    logLevel: "warning",
    write: false,
  });
  update(out, outputFiles);
}

/** Writes what is new into a folder, and removes what has gone. What has not changed stays, for processes that run from it. */
function update(folder, files) {
  mkdirSync(folder, { recursive: true });
  for (const { path, text } of files) {
    const named = path.endsWith(".js") ? withClassNames(text) : text;
    if (!existsSync(path) || readFileSync(path, "utf8") !== named) writeFileSync(path, named);
  }
  const wanted = new Set(files.map(({ path }) => path));
  for (const name of readdirSync(folder)) if (!wanted.has(join(folder, name))) rmSync(join(folder, name));
}

/**
 * Gives classes that refer to themselves their own names, for which esbuild writes `var Name = class _Name`. Its `keepNames` would do it,
 * and name each function again whenever it is made: a twelfth of what a call costs a server. No column moves, for the source maps.
 */
function withClassNames(text) {
  const names = [...text.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name);
  return names.reduce((all, name) => all.replace(new RegExp(`\\b_${name}\\b`, "g"), ` ${name}`), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const given = process.argv.slice(2);
  await bundlePackages(given.length > 0 ? given : packages());
}
