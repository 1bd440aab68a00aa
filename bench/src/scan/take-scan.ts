import { fileURLToPath } from "node:url";
import type { Taken } from "./figures.js";
import { timeCommand } from "./time-command.js";
import { type Watched, watchListeners } from "./watch-listeners.js";

interface Scanner {
  readonly command: string;
  readonly args: readonly string[];
  /** Reads what it prints. */
  portsIn(stdout: string): readonly number[];
}

const scanners: Readonly<Record<"interlock" | "nmap", Scanner>> = {
  interlock: {
    command: process.execPath,
    args: [fileURLToPath(new URL("./scan-process.js", import.meta.url))],
    portsIn: (stdout) => JSON.parse(stdout),
  },
  nmap: {
    command: "nmap",
    // Without a look at names, and whether the host is up: neither is a part of our scan.
    args: ["-n", "-Pn", "-sT", "-p-", "-oG", "-", "127.0.0.1"],
    portsIn: (stdout) => [...stdout.matchAll(/(\d+)\/open\/tcp/g)].map(([, port]) => Number(port)),
  },
};

/** Scans once, in a process of its own, and compares the ports with the kernel's list and with those that are `planted`. */
export async function takeScan(name: keyof typeof scanners, planted: readonly number[]): Promise<Taken> {
  const { command, args, portsIn } = scanners[name];
  const { result, watched } = await watchListeners(() => timeCommand(command, args));
  const found = portsIn(result.stdout);
  return { cpuMs: result.cpuMs, wallMs: result.wallMs, open: found.length, ...compare(found, planted, watched) };
}

function compare(found: readonly number[], planted: readonly number[], watched: Watched | undefined) {
  const shown = new Set(found);
  const expected = new Set([...planted, ...(watched?.always ?? [])]);
  const unseen = watched ? found.filter((port) => !watched.ever.has(port)) : [];
  return {
    missed: [...expected].filter((port) => !shown.has(port)),
    invented: watched?.changed ? [] : unseen,
    unexplained: watched?.changed ? unseen : [],
  };
}
