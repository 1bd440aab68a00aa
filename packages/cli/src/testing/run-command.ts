import { execFile } from "node:child_process";
import { resolve } from "node:path";

/** The program of the `interlock` command. */
export const commandFile = resolve(import.meta.dirname, "../../bin/interlock.js");

/** What a command has printed, and its exit code. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command runs. */
export interface CommandPlace {
  readonly cwd: string;
  /** Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Its standard input. Default: empty. */
  readonly input?: string;
}

/** Runs the `interlock` command to its end. It may print 64 MiB. */
export function runCommand({ cwd, env, input = "" }: CommandPlace, args: readonly string[]): Promise<CommandResult> {
  return new Promise((done) => {
    const options = { cwd, maxBuffer: 2 ** 26, ...(env && { env }) };
    const child = execFile(process.execPath, [commandFile, ...args], options, (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? 1, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}
