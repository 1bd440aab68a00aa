import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { atExit } from "@interlock/testing-processes";

/** A line that a program has printed, read as JSON. */
export type Said = Readonly<Record<string, unknown>>;

/** A program in another language that runs, which prints lines of JSON and reads them. */
export interface ForeignProgram {
  readonly pid: number;
  /** Resolves with the first line, printed already or to come, for which `is` is true. Rejects when the program ends before that. */
  find(is: (said: Said) => boolean): Promise<Said>;
  /** All lines so far. */
  readonly lines: readonly Said[];
  /** Forgets the lines so far. */
  forget(): void;
  /** Writes a line. */
  tell(order: object): void;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Starts a program. What it writes to standard error is kept for the error when it ends too early. */
export function startProgram(command: readonly string[], env: NodeJS.ProcessEnv = {}): ForeignProgram {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  const lines: Said[] = [];
  const waiting = new Set<() => void>();
  let errors = "";
  let ended = false;
  child.stderr.on("data", (bytes: Buffer) => (errors = `${errors}${bytes}`.slice(-10_000)));
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(JSON.parse(line) as Said);
    for (const look of waiting) look();
  });
  const exit = Promise.race([once(child, "close"), once(child, "error")]).then(() => {
    ended = true;
    withdraw();
    for (const look of waiting) look();
  });
  return {
    get pid() {
      return child.pid ?? 0;
    },
    lines,
    find(is) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find(is);
          if (found === undefined && !ended) return;
          waiting.delete(look);
          if (found) resolve(found);
          else reject(new Error(`${command.join(" ")} ended, after ${JSON.stringify(lines)}\n${errors}`));
        };
        waiting.add(look);
        look();
      });
    },
    forget: () => void lines.splice(0),
    tell: (order) => void child.stdin.write(`${JSON.stringify(order)}\n`),
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
  };
}
