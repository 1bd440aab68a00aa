import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { atExit } from "@interlock/testing-processes";

const execute = promisify(execFile);

/** Runs a program to its end, and gives what it printed. Rejects with what it said when it fails. */
export async function run(program: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const [command = "", ...args] = program;
  const { stdout } = await execute(command, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 24 });
  return stdout.trim();
}

/** A running program. */
export interface Running {
  /** Resolves with the first line, printed already or to come, that matches. Rejects when the program ends before that. */
  line(form: RegExp): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a program. */
export function start(program: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Running {
  const [command = "", ...args] = program;
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const take = (line: string) => {
    lines.push(line);
    for (const look of waiting) look();
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", take);
  let ended = false;
  const exit = once(child, "close").then(() => {
    ended = true;
    withdraw();
    for (const look of waiting) look();
  });
  return {
    line(form) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => form.test(line));
          if (found === undefined && !ended) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`${command} ended, and printed:\n${lines.join("\n")}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    async stop() {
      child.kill();
      await exit;
    },
  };
}
