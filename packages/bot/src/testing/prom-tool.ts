import { spawnSync } from "node:child_process";

/**
 * Runs Prometheus' own checker over `input`: `promtool check metrics` by default. Gives what it objects to; `undefined` when it
 * is not installed (Debian: `prometheus`).
 */
export function promTool(input: string, args: readonly string[] = ["check", "metrics"]): string | undefined {
  const { error, status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8", timeout: 30_000 });
  if (error) return undefined;
  return status === 0 ? "" : `${stdout}${stderr}` || `status ${status}`;
}
