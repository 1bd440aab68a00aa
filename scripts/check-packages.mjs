// Packs every published package once, and looks at the tarballs as a package manager (publint) and a compiler (attw) do.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packAll } from "./pack.mjs";
import { publishedPackages } from "./published.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const publint = [join(root, "node_modules/publint/src/cli.js"), "run", "--strict"];
// ESM only is intended: this profile does not ask how CommonJS or Node 10 would resolve an import. Nothing else is ignored.
const attw = [
  join(root, "node_modules/@arethetypeswrong/cli/dist/index.js"),
  "--profile",
  "esm-only",
  "--format",
  "ascii",
];

const folder = mkdtempSync(join(tmpdir(), "interlock-check-packages-"));
try {
  const tarballs = packAll(folder);
  // attw asks what an import resolves to; a package that is only a command offers nothing to import.
  const commands = publishedPackages().filter(({ manifest }) => manifest.bin && !manifest.exports);
  const onlyCommand = new Set(commands.map(({ manifest }) => tarballName(manifest)));
  const checks = tarballs.flatMap((tarball) => [
    [...publint, tarball],
    ...(onlyCommand.has(basename(tarball)) ? [] : [[...attw, tarball]]),
  ]);
  const failed = await runAll(checks);
  console.log(`${tarballs.length} packages packed; ${failed} of ${checks.length} checks of publint and attw failed.`);
  if (failed > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function tarballName({ name, version }) {
  return `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
}

/** Runs the checks, two at a time, and shows what those that fail have printed. Returns how many have failed. */
async function runAll(checks) {
  let failed = 0;
  const waiting = checks.values();
  async function work() {
    for (const args of waiting) {
      const { code, printed } = await run(args);
      if (code === 0) continue;
      failed++;
      console.log(printed);
    }
  }
  await Promise.all([work(), work()]);
  return failed;
}

function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (printed += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, printed }));
  });
}
