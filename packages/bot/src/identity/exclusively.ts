import { randomUUID } from "node:crypto";
import { readlinkSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The age at which a lock of an unknown process counts as left behind, in milliseconds. */
export const staleLockMs = 30_000;

const retryMs = 25;
/** The scope of a process ID: containers may share a folder, and each counts its processes from 1. */
const place = `${hostname()} ${processNamespace()}`;
/** Tells this process from others that had the same ID, such as those of a container that is started again. */
const self = randomUUID();

/**
 * Runs `work` while this process holds the lock file `path`, so that one process at a time does. `work` must end well within
 * {@link staleLockMs}. A lock that is older, or whose process is gone, was left behind, and is broken.
 */
export async function exclusively<T>(path: string, work: () => Promise<T>): Promise<T> {
  await acquire(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      return await writeFile(path, `${process.pid}\n${self}\n${place}`, { flag: "wx", mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (await isLeftBehind(path)) await rm(path, { force: true });
    else await sleep(retryMs);
  }
}

async function isLeftBehind(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > staleLockMs) return true;
    const [pid, owner, where] = (await readFile(path, "utf8")).split("\n");
    if (where !== place) return false; // Another scope, or the file is being written.
    return Number(pid) === process.pid ? owner !== self : !isAlive(Number(pid));
  } catch {
    return false; // The lock has just been released.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return ""; // Not on Linux.
  }
}
