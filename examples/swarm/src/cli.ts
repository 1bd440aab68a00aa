import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Runs the `interlock` command, as a person would. Resolves with its JSON, also when its exit code is not 0. */
export type RunCommand = (...args: readonly string[]) => Promise<Readonly<Record<string, unknown>>>;

/** Runs the command in a folder of its own, `home`, which holds the identity that it acts as. */
export function commandIn(home: string, env: Readonly<Record<string, string>> = {}): RunCommand {
  const command = join(
    dirname(createRequire(import.meta.url).resolve("@interlock/cli/package.json")),
    "bin/interlock.js",
  );
  const options = { cwd: home, env: { ...process.env, ...env, INTERLOCK_HOME: home }, timeout: 60_000 };
  return (...args) =>
    new Promise((resolve, reject) => {
      execFile(process.execPath, [command, ...args, "--json"], options, (error, stdout, stderr) => {
        try {
          resolve(JSON.parse(stdout));
        } catch {
          reject(new Error(`interlock ${args.join(" ")} failed: ${stderr || error?.message}`));
        }
      });
    });
}
