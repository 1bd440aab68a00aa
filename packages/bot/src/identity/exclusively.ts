import { mkdir, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** After how long a lock counts as left behind by a process that is gone, in milliseconds. */
export const staleLockMs = 30_000;

const retryMs = 25;

/**
 * Runs `work` while the file `path` is this process's, so that of several processes one at a time does. `work` must be
 * done well within {@link staleLockMs}; a lock that is older was left behind, and is broken.
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
      return await (await open(path, "wx", 0o600)).close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY })); // It has just gone.
    if (Date.now() - mtimeMs > staleLockMs) await rm(path, { force: true });
    else await sleep(retryMs);
  }
}
