import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { atExit } from "@interlock/testing-processes";

/** A program that runs, and prints lines. */
export interface Running {
  /** The lines of its standard output and its log so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line from `from` on, printed already or to come, that matches. Rejects when it ends before. */
  line(form: RegExp, from?: number): Promise<string>;
  /** Ends its standard input, and resolves when it has ended by itself. */
  finish(): Promise<void>;
  /** Stops it, and resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a program. */
export function start(program: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Running {
  const [command = "", ...args] = program;
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of waiting) look();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      wake();
    });
  }
  let ended = false;
  const exit = once(child, "close").then(() => {
    ended = true;
    withdraw();
    wake();
  });
  return {
    lines,
    line(form, from = 0) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.slice(from).find((line) => form.test(line));
          if (found === undefined && !ended) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`${command} has ended without ${form}:\n${lines.join("\n")}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    async finish() {
      child.stdin.end();
      await exit;
    },
    async stop() {
      child.kill();
      await exit;
    },
  };
}
