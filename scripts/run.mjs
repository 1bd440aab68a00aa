// The entry point of this repository: node scripts/run.mjs <task> [arguments]
// It needs only Node and npm: it fetches the pinned pnpm, installs, generates and builds first.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { pnpm } from "./pnpm.mjs";
import { sweep } from "./sweep.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = process.execPath;

const mocha = [node, "node_modules/mocha/bin/mocha.js", "--reporter", "scripts/reporter.mjs"];
const tests = "{packages/*,examples/*,testing/*,test,bench}/dist/**/*.test.js";
// Whole systems: several hosts, other languages, browsers, outages, long sessions at the command line. They take minutes.
const systems = [
  "bench/dist/command.test.js",
  "bench/dist/soak/gateway.test.js",
  "bench/dist/soak/outage.test.js",
  "bench/dist/soak/spire.test.js",
  "examples/a2a/dist/a2a.test.js",
  "examples/go/dist/go.test.js",
  "examples/swarm/dist/dashboard/page.test.js",
  "packages/authority/dist/coming-back.test.js",
  "packages/cli/dist/agents.test.js",
  "packages/cli/dist/audit/daily-audit.test.js",
  "packages/cli/dist/check.test.js",
  "packages/cli/dist/dashboard/page.test.js",
  "packages/cli/dist/fleet-view.test.js",
  "packages/cli/dist/inventory.test.js",
  "packages/cli/dist/least-privilege.test.js",
  "packages/cli/dist/operators.test.js",
  "packages/cli/dist/retire/retire.test.js",
  "packages/protoc-gen-interlock/dist/messages/names.test.js",
  "packages/swarm/dist/leader/store-faults.test.js",
  "test/dist/agent/artifacts.test.js",
  "test/dist/agent/envoy.test.js",
  "test/dist/agent/go-spiffe.test.js",
  "test/dist/audit/planted.test.js",
  "test/dist/consumers/consumers.test.js",
  "test/dist/gateway/envoy-attacks.test.js",
  "test/dist/gateway/envoy-rotation.test.js",
  "test/dist/gateway/envoy.test.js",
  "test/dist/gateway/renewal.test.js",
  "test/dist/gateway/sidecar-example.test.js",
  "test/dist/issuers/keycloak.test.js",
  "test/dist/least-privilege-swarm.test.js",
  "test/dist/operations-page.test.js",
  "test/dist/scan/truth-table.test.js",
  "test/dist/spiffe/bundle-endpoints.test.js",
  "test/dist/spiffe/upstream-authority.test.js",
  "test/dist/swarm/chaos.test.js",
  "test/dist/swarm/computing.test.js",
  "test/dist/two-hosts/two-hosts.test.js",
  "test/dist/wire/foreign-peers.test.js",
  "test/dist/wire/long-run.test.js",
];
/** The demo, which measures times, and a new project, which is installed: one by one. */
const systemsAlone = ["examples/swarm/dist/demo.test.js", "test/dist/init.test.js"];
const alone = ["test/dist/readme.test.js"];

const tasks = {
  build: [],
  // Two files at a time; then the commands of the README, which want their ports for themselves.
  test: [
    [
      ...mocha,
      "--parallel",
      "--jobs",
      "2",
      ...[...alone, ...systems, ...systemsAlone].flatMap((file) => ["--ignore", file]),
      tests,
    ],
    [...mocha, ...alone],
  ],
  system: [
    [...mocha, "--parallel", "--jobs", "2", ...systems],
    [...mocha, ...systemsAlone],
  ],
  demo: [[node, "examples/swarm/dist/demo.js"]],
  bench: [[node, "bench/dist/main.js"]],
  soak: [[node, "bench/dist/soak/main.js"]],
  contract: [[node, "test/dist/contract/main.js"]],
  deployment: [[node, "test/dist/deploy/main.js"]],
  nodes: [[node, "scripts/nodes.mjs"]],
  specifications: [[node, "test/dist/specifications/main.js"]],
  fuzz: [[node, "test/dist/fuzz/main.js"]],
  h2spec: [[node, "test/dist/wire/h2spec.js"]],
  conformance: [[node, "test/dist/conformance/main.js"]],
  issuers: [[node, "test/dist/issuers/main.js"]],
  mutate: [[node, "scripts/mutate.mjs"]],
  python: [[node, "scripts/python.mjs"]],
  docs: [[node, "docs/reference/build.mjs"]],
  pack: [[node, "scripts/pack.mjs"]],
  structure: [[node, "test/dist/structure/main.js"]],
  check: [
    [node, "node_modules/@biomejs/biome/bin/biome", "check", "."],
    [node, "node_modules/@bufbuild/buf/bin/buf", "lint"],
    [node, "node_modules/@bufbuild/buf/bin/buf", "format", "--diff", "--exit-code"],
    [node, "scripts/check-packages.mjs"],
    [node, "test/dist/structure/main.js"],
  ],
};

const [task = "", ...args] = process.argv.slice(2);
if (!(task in tasks)) fail(`There is no task "${task}"; there are: ${Object.keys(tasks).join(", ")}.`);
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Interlock needs Node 20.19 or later, and this is ${process.version}.`);

await step("install", pnpm("install", "--frozen-lockfile"));
await step("build the generator", tsc("packages/policy", "packages/protoc-gen-interlock"));
await step("bundle the contract", [node, "scripts/bundle.mjs", "packages/policy"]);
await step("generate", [node, "scripts/generate.mjs"]);
sweep();
await step("build", tsc());
await step("bundle", [node, "scripts/bundle.mjs"]);
await step("data of the Python package", [node, "scripts/python-data.mjs"]);
for (const command of tasks[task]) {
  const code = await run([...command, ...args], { stdio: "inherit" });
  if (code !== 0) process.exit(code);
}

function tsc(...projects) {
  return [node, "node_modules/typescript/bin/tsc", "-b", ...projects];
}

/** Runs one step and prints its duration; prints its output only if it fails. */
async function step(name, command) {
  const began = performance.now();
  const tty = process.stderr.isTTY;
  if (tty) process.stderr.write(`· ${name} …`);
  let printed = "";
  const code = await run(command, { stdio: ["ignore", "pipe", "pipe"] }, (text) => {
    printed += text;
  });
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  process.stderr.write(`${tty ? "\r\x1b[K" : ""}${code === 0 ? "✔" : "✘"} ${name} (${seconds} s)\n`);
  if (code !== 0) {
    process.stderr.write(printed);
    process.exit(code);
  }
}

function run([command, ...commandArgs], options, onOutput) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArgs, { cwd: root, ...options });
    child.stdout?.on("data", onOutput);
    child.stderr?.on("data", onOutput);
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ? 1 : code));
    for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => child.kill(name));
  });
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
