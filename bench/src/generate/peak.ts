import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

/** How much a command took. */
export interface Peak {
  readonly seconds: number;
  /** The resident memory of all its processes together, at its highest. Undefined where there is no `/proc`. */
  readonly megabytes: number | undefined;
}

const everyMs = 20;

/** Runs Node with `args` and measures it with all the processes that it starts. Rejects with its output if it fails. */
export async function measurePeak(cwd: string, args: readonly string[]): Promise<Peak> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, child.pid === undefined ? 0 : residentKilobytes(child.pid));
  }, everyMs);
  const [[code], stdout, stderr] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  clearInterval(timer);
  if (code !== 0) throw new Error(`node ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return { seconds: (performance.now() - began) / 1_000, megabytes: most === 0 ? undefined : most / 1_024 };
}

/** The resident memory of a process and of all below it. */
function residentKilobytes(root: number): number {
  const parents = new Map<number, number>();
  const sizes = new Map<number, number>();
  for (const name of processes()) {
    const status = readStatus(name);
    parents.set(Number(name), Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0));
    sizes.set(Number(name), Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
  }
  const belongs = (id: number | undefined): boolean => id !== undefined && (id === root || belongs(parents.get(id)));
  return [...sizes].reduce((sum, [id, size]) => sum + (belongs(id) ? size : 0), 0);
}

function processes(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Empty for a process that has ended meanwhile. */
function readStatus(id: string): string {
  try {
    return readFileSync(`/proc/${id}/status`, "utf8");
  } catch {
    return "";
  }
}
