import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

const require = createRequire(import.meta.url);

/** How a run of buf ended. */
export interface BufRun {
  readonly exitCode: number | null;
  readonly output: string;
  /** Absent where it succeeded: what it wrote as its error, or a sentence with its exit code. */
  readonly failure: string | undefined;
}

/** The command of this package's `buf`. */
export function bufCommand(): [command: string, ...args: string[]] {
  return [process.execPath, join(dirname(require.resolve("@bufbuild/buf/package.json")), "bin", "buf")];
}

/** Runs this package's `buf` in the folder `cwd`. */
export async function runBuf(cwd: string, args: readonly string[]): Promise<BufRun> {
  const [command, ...before] = bufCommand();
  const child = spawn(command, [...before, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const exit = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [exitCode, output, error] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  const failure = exitCode === 0 ? undefined : error.trim() || `buf failed with exit code ${exitCode}`;
  return { exitCode, output, failure };
}
