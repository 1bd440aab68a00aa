import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs a module in a process of its own. Gives what it prints, and rejects when it fails. */
export async function runScript(text: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", text]);
  return stdout.trim();
}
