import { setTimeout as sleep } from "node:timers/promises";

/** Waits `ms` milliseconds, or until the signal aborts. It never rejects, and keeps no process alive. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.min(ms, 2 ** 31 - 1), undefined, { signal, ref: false }).catch(() => {});
}
