import { readFile } from "node:fs/promises";

const kibibyte = 1_024;

/** The resident memory of a process, in bytes; 0 when the process has ended. Linux only. */
export async function residentMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * kibibyte;
}

/** Watches a process's resident memory, ten times a second. */
export function watchMemory(pid: number): { readonly peak: () => number; stop(): void } {
  let peak = 0;
  const timer = setInterval(async () => {
    peak = Math.max(peak, await residentMemory(pid));
  }, 100);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}
