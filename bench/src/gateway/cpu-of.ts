import { readdirSync, readFileSync } from "node:fs";

/** The length of a tick of the kernel's clock, in microseconds: 100 a second on every Linux of today. */
const tickUs = 10_000;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
}

/** The CPU time of a process and its children, user and system together, in microseconds. */
export function cpuOf(pid: number): number {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(name) : undefined;
    if (stat) stats.set(Number(name), stat);
  }
  let ticks = 0;
  for (const [one, stat] of stats) if (isBelow(one, pid, stats)) ticks += stat.ticks;
  return ticks * tickUs;
}

function isBelow(pid: number, ancestor: number, stats: ReadonlyMap<number, Stat>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = stats.get(at)?.parent) {
    if (at === ancestor) return true;
  }
  return false;
}

/** Reads `/proc/<pid>/stat` (proc(5)): what follows the name in parentheses, which may have anything in it. */
function statOf(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined; // It has ended meanwhile.
  }
}
