import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../base/log.js";

/** The time for which a lock of an unknown process may be held; then it counts as left behind. In milliseconds. */
export const staleLockMs = 30_000;

/** How {@link exclusively} waits. */
export interface ExclusiveOptions {
  /** Ends the wait: the promise rejects with the reason of the signal. Work that has begun is completed. */
  readonly signal?: AbortSignal | undefined;
  /** Gets one warning when the wait takes longer than {@link warnAfterMs}. */
  readonly log?: Pick<Log, "warn"> | undefined;
  /** Default: {@link staleLockMs}. */
  readonly staleMs?: number;
  /** Default: {@link warnAfterMs}. */
  readonly warnMs?: number;
}

/** The wait for a lock that is worth a warning, in milliseconds: work takes less. */
const warnAfterMs = 5_000;

const retryMs = 25;
/** The scope of a process ID: containers may share a folder, and each counts its processes from 1. */
const place = `${hostname()} ${namespace("pid")}`;
/** The scope of {@link monotonicMs}: it counts from the start of the machine, and all of its containers share it. */
const boot = bootId();
/** Tells this process from others that had the same ID, such as those of a container that is started again. */
const self = randomUUID();

/**
 * Runs `work` while this process holds the lock file `path`, so that one process at a time does. `work` must end well within
 * {@link staleLockMs}. A lock that was left behind is broken: its process is gone, or it has not changed for that time.
 *
 * The time of day decides nothing, neither this machine's nor that of the file: they may be wrong, and may step.
 */
export async function exclusively<T>(path: string, work: () => Promise<T>, options: ExclusiveOptions = {}): Promise<T> {
  const mine = await acquire(path, options);
  try {
    return await work();
  } finally {
    // Another process may have broken the lock, and hold one of its own now.
    if ((await read(path))?.text === mine) await rm(path, { force: true });
  }
}

async function acquire(path: string, options: ExclusiveOptions): Promise<string> {
  const { signal, log, staleMs = staleLockMs, warnMs = warnAfterMs } = options;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const began = performance.now();
  let seen: Seen | undefined;
  let warned = false;
  for (;;) {
    signal?.throwIfAborted();
    const text = `${process.pid}\n${self}\n${place}\n${boot}\n${monotonicMs()}`;
    try {
      await writeFile(path, text, { flag: "wx", mode: 0o600 });
      return text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const found = await read(path);
    if (found?.mark !== seen?.mark) seen = found && { mark: found.mark, since: performance.now() };
    if (found && seen && isLeftBehind(found.text, performance.now() - seen.since, staleMs)) {
      await rm(path, { force: true });
      continue;
    }
    const waitedMs = performance.now() - began;
    if (!warned && waitedMs > warnMs) {
      warned = true;
      const [pid, , where] = found?.text.split("\n") ?? [];
      log?.warn("waiting for another process of this bot", { lock: path, pid, where, waitedMs: Math.round(waitedMs) });
    }
    await sleep(retryMs, undefined, signal && { signal }).catch(() => {});
  }
}

/** A lock of another process, as it was seen first, by the monotonic clock of this process. */
interface Seen {
  readonly mark: string;
  readonly since: number;
}

/** Reads a lock, and what changes when another process takes it; `undefined` when it has just been released. */
async function read(path: string): Promise<{ readonly text: string; readonly mark: string } | undefined> {
  try {
    const { ino, mtimeMs } = await stat(path);
    const text = await readFile(path, "utf8");
    return { text, mark: `${ino} ${mtimeMs} ${text}` };
  } catch {
    return undefined;
  }
}

function isLeftBehind(text: string, seenForMs: number, staleMs: number): boolean {
  if (seenForMs > staleMs) return true;
  const [pid, owner, where, booted, takenAt] = text.split("\n");
  const heldMs = monotonicMs() - Number(takenAt || Number.NaN);
  if (boot !== "" && booted === boot && heldMs > staleMs) return true;
  if (where !== place) return false; // Another scope, or the file is being written.
  return Number(pid) === process.pid ? owner !== self : !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function namespace(kind: "pid" | "time"): string {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return ""; // Not on Linux, or on one without it.
  }
}

/** Names the run of this machine, and the clock of its containers; empty where that is not known. */
function bootId(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${namespace("time")}`;
  } catch {
    return "";
  }
}

/** Milliseconds since the machine started. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
