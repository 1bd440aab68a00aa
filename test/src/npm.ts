import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { root } from "./structure/source-graph.js";

/** The output of a command, and its exit code. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  /** Standard output and standard error. */
  readonly output: string;
}

/** Returns the environment without the variables of the npm or npx that runs this test. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|config_local_prefix|config_package)/i.test(name),
  );
  return Object.fromEntries(inherited);
}

/** Runs npm in a folder, as a person would. */
export async function npm(cwd: string, ...args: readonly string[]): Promise<Finished> {
  const child = spawn("npm", args, {
    cwd,
    env: { ...ownEnvironment(), npm_config_fund: "false", npm_config_audit: "false" },
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  const exit = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [code, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { code, stdout, output: stdout + stderr };
}

/** Like {@link npm}; throws an error with the output if it fails. */
export async function npmOk(cwd: string, ...args: readonly string[]): Promise<Finished> {
  const finished = await npm(cwd, ...args);
  if (finished.code !== 0) throw new Error(`npm ${args.join(" ")} failed in ${cwd}:\n${finished.output}`);
  return finished;
}

/** Whether npm failed because it cannot reach the registry. */
export function isOffline(error: unknown): boolean {
  return /ENOTFOUND|EAI_AGAIN|ENETUNREACH|ECONNREFUSED|ETIMEDOUT|ENOTCACHED/.test(String(error));
}

/** Packs every package that is published into `folder`. Returns the paths of the tarballs. */
export async function packAll(folder: string): Promise<string[]> {
  const pack = join(root, "scripts/pack.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [pack, folder], { env: ownEnvironment() });
  return stdout.trim().split("\n");
}
