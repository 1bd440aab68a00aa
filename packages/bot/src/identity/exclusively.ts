import { randomUUID } from "node:crypto";
import { readlinkSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** After how long a lock counts as left behind by a process that nobody knows of, in milliseconds. */
export const staleLockMs = 30_000;

const retryMs = 25;
/** Where a process id means the same process: containers may share a folder, and each counts for itself. */
const place = `${hostname()} ${processNamespace()}`;
/** Which of the processes that have had this id, as those of a container that is started again. */
const self = randomUUID();

/**
 * Runs `work` while the file `path` is this process's, so that of several processes one at a time does. `work` must be
 * done well within {@link staleLockMs}. A lock that is older, or whose process is gone, was left behind, and is broken.
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
    if (where !== place) return false; // Also while it is being written.
    return Number(pid) === process.pid ? owner !== self : !isAlive(Number(pid));
  } catch {
    return false; // It has just gone.
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
