import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const execute = promisify(execFile);
const require = createRequire(import.meta.url);

/** The folder of this example. */
export const example = join(import.meta.dirname, "..");

/** A finished program: its output and its exit code. */
export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** A running program. */
export interface Running {
  /** Its output so far, at least one line. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** Runs a program to its end. */
export async function run(program: readonly string[], cwd: string, env = {}): Promise<Finished> {
  const [command = "", ...args] = program;
  try {
    return { ...(await execute(command, args, { cwd, env: { ...process.env, ...env } })), code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as Finished;
    if (typeof code !== "number") throw error;
    return { stdout, stderr, code };
  }
}

/** Starts a program and waits for its first line. */
export async function start(program: readonly string[], cwd: string): Promise<Running> {
  const [command = "", ...args] = program;
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const ended = exit.then(([code]) => Promise.reject(new Error(`${command} ended with exit code ${code}`)));
  await Promise.race([once(output, "line"), ended]);
  ended.catch(() => {}); // From here on stop() waits for the end.
  return {
    lines,
    async stop() {
      child.kill();
      await exit;
    },
  };
}

/** The command line of `interlock`. */
export function interlock(...args: readonly string[]): string[] {
  const packageJson = require.resolve("@interlock/cli/package.json");
  return [process.execPath, join(dirname(packageJson), "bin/interlock.js"), ...args];
}

/** The command line of `buf`. */
export function buf(...args: readonly string[]): string[] {
  return [process.execPath, join(dirname(require.resolve("@bufbuild/buf/package.json")), "bin/buf"), ...args];
}

/** The command line of a program of `bot/`. */
export function python(program: string, ...args: readonly string[]): string[] {
  return [process.env.PYTHON ?? "/usr/bin/python3", join(example, "bot", program), ...args];
}
