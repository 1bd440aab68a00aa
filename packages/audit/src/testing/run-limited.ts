import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DiscoverOptions } from "../scan/discover.js";

/** What a scan in a process of its own has found. */
export interface Limited {
  readonly found: readonly number[];
  readonly silent: number;
  readonly error?: string | undefined;
}

const script = fileURLToPath(new URL("./discover-process.js", import.meta.url));
const run = promisify(execFile);

/**
 * Scans ports of 127.0.0.1 in a process that a shell has prepared.
 *
 * @param preparation - Shell commands, for example `ulimit -n 64`.
 * @param prefix - The command that runs the shell. Default: none.
 */
export async function runLimited(
  preparation: string,
  ports: string,
  options: DiscoverOptions,
  prefix: readonly string[] = [],
): Promise<Limited> {
  const shell = [
    "sh",
    "-c",
    `${preparation} && exec "$@"`,
    "sh",
    process.execPath,
    script,
    ports,
    JSON.stringify(options),
  ];
  const [command = "sh", ...args] = [...prefix, ...shell];
  const { stdout } = await run(command, args, { timeout: 20_000 });
  return JSON.parse(stdout);
}
