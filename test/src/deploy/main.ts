// npm run deployment: builds the trees of the images as deploy/Containerfile does, and runs deploy/compose.yaml on them: see
// compose-story.ts. Where there is a container engine, it builds the images as well.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { findPostgres } from "@interlock/testing-postgres";
import { root } from "../structure/source-graph.js";

interface Step {
  readonly step: string;
  readonly name?: string;
  readonly [more: string]: unknown;
}

const works = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

function images(): boolean {
  if (!works("docker", "info")) {
    console.log("skipped: there is no container engine here, so the images are not built");
    return true;
  }
  return ["interlock", "hello"].every((target) => {
    const args = ["build", "-f", "deploy/Containerfile", "--target", target, "."];
    return spawnSync("docker", args, { cwd: root, stdio: "inherit" }).status === 0;
  });
}

/** The reason why compose.yaml cannot be run here. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "it needs root, to make namespaces";
  if (!works("unshare", "--net", "--mount", "--pid", "--fork", "true")) return "namespaces cannot be made";
  if (!works("setpriv", "--version") || !works("ip", "-V")) return "install util-linux and iproute2";
  const postgres = findPostgres();
  return typeof postgres === "string" ? postgres : undefined;
}

function compose(): boolean {
  const why = obstacle();
  if (why !== undefined) {
    console.log(`skipped: compose.yaml is not run here: ${why}`);
    return true;
  }
  const folder = mkdtempSync(join(tmpdir(), "interlock-compose-"));
  try {
    const trees = join(folder, "trees");
    mkdirSync(trees);
    for (const [name, tree] of [
      ["@interlock/cli", "interlock"],
      ["@interlock/example-hello", "hello"],
    ] as const) {
      execFileSync(process.execPath, ["deploy/image/tree.mjs", name, join(trees, tree)], {
        cwd: root,
        stdio: "inherit",
      });
    }
    symlinkSync("interlock.js", join(trees, "interlock/bin/interlock"));
    cpSync(join(root, "deploy/image"), join(trees, "interlock/image"), { recursive: true });
    const story = join(import.meta.dirname, "compose-story.js");
    const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const { stdout, stderr, status } = spawnSync("unshare", [...namespaces, process.execPath, story, folder], {
      encoding: "utf8",
    });
    process.stdout.write(stdout);
    const problems = faultsOf(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
    if (status === 0 && problems.length === 0) return true;
    process.stderr.write(`${stderr}${problems.map((problem) => `✘ ${problem}\n`).join("")}`);
    return false;
  } finally {
    // pnpm leaves a folder of this name beside the packages.
    rmSync(join(root, "packages", basename(folder)), { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the steps of the story do not show. */
function faultsOf(steps: readonly Step[]): string[] {
  const at = (step: string, name?: string) => steps.filter((one) => one.step === step && one.name === name);
  const [user] = at("user");
  const expected: [what: string, holds: boolean][] = [
    [
      "uid 10001 without a passwd entry, a read-only root, no capabilities",
      String(user?.says) === "10001,nobody,read-only,CapEff:\t0000000000000000",
    ],
    ...["authority", "gripper", "coffee"].map((name): [string, boolean] => [
      `${name} is healthy`,
      at("healthy", name).length > 0,
    ]),
    ["coffee is brewed through both bots", JSON.stringify(at("brewed")[0]?.says) === '{"ready":true}'],
    ["no bot sees a secret", at("secrets of the bots")[0]?.says === ""],
    ["no secret is in an argument or an environment", at("secrets in arguments or environments")[0]?.count === 0],
    ...["authority", "gripper"].map((name): [string, boolean] => [
      `${name} is told unhealthy when it is gone`,
      at("unhealthy", name)[0]?.code === 1,
    ]),
    [
      "both come back without a new token",
      at("healthy", "gripper").length === 2 && at("healthy", "authority").length === 2,
    ],
    ["coffee is brewed again", JSON.stringify(at("brewed again")[0]?.says) === '{"ready":true}'],
  ];
  return expected.filter(([, holds]) => !holds).map(([what]) => what);
}

const ok = [images(), compose()].every(Boolean);
console.log(ok ? "deploy/ works" : "deploy/ does not work");
process.exitCode = ok ? 0 : 1;
