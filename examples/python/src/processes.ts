import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
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
  /** Resolves with the first line that begins like this. */
  find(start: string): Promise<string>;
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
export async function start(program: readonly string[], cwd: string, env = {}): Promise<Running> {
  const [command = "", ...args] = program;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const ended = exit.then(([code]) => Promise.reject(new Error(`${command} ended with exit code ${code}`)));
  await Promise.race([once(output, "line"), ended]);
  ended.catch(() => {}); // From here on stop() waits for the end.
  return {
    lines,
    async find(start) {
      for (;;) {
        const found = lines.find((line) => line.startsWith(start));
        if (found !== undefined) return found;
        await Promise.race([once(output, "line"), ended]);
      }
    },
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

/** The command line of Python. */
export function python(...args: readonly string[]): string[] {
  return [process.env.PYTHON ?? "/usr/bin/python3", ...args];
}

/** Where Python finds the `interlock` package of this repository, and the stubs in `folder`. */
export function pythonPath(folder: string): string {
  return [join(example, "../../python"), folder].join(delimiter);
}
